"""Whether fill and context are of one distribution, window by window, behind a backbone of the user's."""

from lacuna.metrics.facts import embedded_metric


@embedded_metric(
    title="Removal coherence",
    unit="",
    direction="higher",
    range=(0.0, 1.0),
    decimals=4,
    note="Without a truth: exp(−d/3), d the mean over windows of a quarter of the grid of CMMD's distance between the "
    "features of the patches in the hole and of the others; a window of hole alone is compared with all that is not. "
    "The mean over the hole's connected parts, each in the square around it, a third wider on each side. RC-S is with "
    "DINOv2 at 448 pixels. A square that is all hole is widened to the "
    "picture. It has no value for regions, and a mask without hole or context is an error.",
    reference_free=True,
)
def remove_coherence(predictions, truths, *, holes, embedding):
    """RC-S' formula (Li et al.: PROVE, a perceptual removal coherence benchmark, 2026)."""
    from lacuna.metrics.removal import coherence, of_pictures

    return of_pictures(coherence, predictions, holes, embedding, apart=True), None
