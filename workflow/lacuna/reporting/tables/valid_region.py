"""What systems do to the pixels that they were given."""

from lacuna.reporting.descriptions import Table


def rows(run):
    """`valid_region.outside` of the systems."""
    from lacuna.reporting.valid_region import outside

    return outside(run.scores)


TABLE = Table(
    title="outside the hole",
    caption="PSNR in dB of raw predictions outside the hole, where the image was given. A composite undoes whatever "
    "was changed there.",
    columns={
        "psnr": "of the mean squared error over the N test images of all test sets together; 100 where nothing changed",
        "n": "that N",
    },
    inputs=("scores",),
    rows=rows,
)
