"""The one way to put a prediction into its image."""


def composite(raw, image, mask):
    """`mask·raw + (1 − mask)·image`: the prediction in the hole, the image elsewhere.

    `raw` and `image` are …×3×H×W in [0, 1], `mask` is …×1×H×W with 1 = hole: NumPy arrays or torch tensors alike.
    """
    return mask * raw + (1 - mask) * image


def composite_picture(raw, picture, hole):
    """`composite` of pictures: `raw` (or one level for all) and `picture` uint8 …×H×W×3, `hole` bool …×H×W."""
    import numpy as np

    return np.where(hole[..., None], raw, picture)
