"""Other colours for a picture. Few photographs teach a network their palette, and grey ones teach it grey."""

import numpy as np

LARGEST_SHIFT = 0.3  # of either end of a curve, in shares of the range
LARGEST_EXPONENT = 0.5  # natural logarithm of the curve's exponent


def recoloured(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """uint8 H×W×3 → the same picture with its channels in a random order and each under a random rising curve.

    The curve takes v in [0, 1] to low + (high - low)·v^γ. At strength 1, low and 1 - high are up to `LARGEST_SHIFT` and
    log γ is up to ±`LARGEST_EXPONENT`, all uniform; a lower strength, above 0, narrows these ranges in proportion.
    """
    low, down = rng.uniform(0, LARGEST_SHIFT * strength, (2, 3))
    exponent = np.exp(rng.uniform(-LARGEST_EXPONENT, LARGEST_EXPONENT, 3) * strength)
    values = np.linspace(0, 1, 256)[:, None] ** exponent
    curves = (255 * (low + (1 - down - low) * values)).round().astype(np.uint8)
    return np.stack([curves[picture[..., old], new] for new, old in enumerate(rng.permutation(3))], axis=-1)


def with_negatives(picture: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """uint8 H×W×3 → the same picture, each channel v turned into 255 - v with probability `share`."""
    return np.where(rng.random(3) < share, 255 - picture, picture)
