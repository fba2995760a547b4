"""What a network makes of validation images at the end of its training; the training draws it."""

from lacuna.axes import base_of
from lacuna.reporting.descriptions import Figure


def facts(run, value: str) -> dict[str, str]:
    """How many validation images the picture shows, one a row, and of how many."""
    from PIL import Image

    source = base_of(value.split("/")[1])
    with Image.open(run.folder / FIGURE.path.format(value=value)) as picture:
        drawn = picture.height // run.card("images", run.validation_set(source))["size"][1]
    return {"n": f"N = {drawn} of {run.validation_n(source)}"}


FIGURE = Figure(
    title="samples",
    section="training",
    place=30,
    category="Training",
    caption="The first {n} validation images, whole, as {training} sees them at the end of its training. From left to "
    "right: input with the hole in white, raw prediction, composite, ground truth. The raw prediction is everything "
    "that the network returned: where it differs from the truth outside the hole, the network damages what it was "
    "given, which the composite hides.",
    alt="Validation pictures of {training}.",
    path="training/{value}/samples.png",
    each="training",
    unfolded=0,
    demonstration="",
    pixelated=True,
    facts=facts,
)
