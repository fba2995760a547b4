"""Likeness of what fills the hole and its context, behind a backbone of the user's."""

from lacuna.metrics.facts import embedded_metric


@embedded_metric(
    title="Removal similarity",
    unit="",
    direction="higher",
    range=(-1.0, 1.0),
    decimals=4,
    note="Without a truth: the cosine between the mean features of the patches that have a pixel of the hole and of "
    "the others, in the square around the hole, a third wider on each side. ReMOVE is with SAM's ViT-H, a margin of 16 "
    "pixels and the mask by the pixel. Large where the fill belongs to its context, and for blur in front of blur. "
    "A square that is all hole is "
    "widened to the picture. It has no value for regions, and a mask without hole or context is an error.",
    reference_free=True,
)
def remove_similarity(predictions, truths, *, holes, embedding):
    """ReMOVE's formula (Chandrasekar et al.: A reference-free metric for object erasure, CVPR workshops 2024)."""
    from lacuna.metrics.removal import of_pictures, similarity

    return of_pictures(similarity, predictions, holes, embedding, apart=False), None
