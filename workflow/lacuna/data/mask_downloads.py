"""Published sets of masks: what is known of them, and where a person gets them."""

from lacuna.data.cards import Card, File

_PAGE = "https://nv-adlr.github.io/publication/partialconv-inpainting"
NVIDIA = Card(
    name="nvidia_masks",
    title="NVIDIA's irregular masks",
    page=_PAGE,
    paper="Liu et al., Image Inpainting for Irregular Holes Using Partial Convolutions, ECCV 2018",
    licence="CC BY-NC-SA 4.0",
    terms="research only, non-commercial",
    publish="masks and results, under the same licence and with the authors' names",
    processed="512x512 pixels, from occlusions between frames of videos; the 12,000 for tests in six bins of coverage "
    "up to 60 %, half of them with holes at the border",
    n=12_000 + 55_116,
    files=tuple(
        File(name=name, ask=f"open {_PAGE}, which links to {name}") for name in ("test_mask.zip", "irregular_mask.zip")
    ),
)
CARDS = (NVIDIA,)
