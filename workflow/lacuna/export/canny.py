"""Canny's edges in tensor operations, for graphs: the same detector as `lacuna.nn.edges.canny`, pixel for pixel.

J. Canny, "A Computational Approach to Edge Detection", IEEE TPAMI 1986, at the thresholds and with the interpolation of
scikit-image. An edge is a comparison of numbers that in flat or symmetric pictures are all but equal, so the sums are
taken in double precision and in the order in which SciPy takes them.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from lacuna.nn.edges import grey

LOW, HIGH = 0.1, 0.2  # thresholds of the gradient's length, of pictures in [0, 1]
EPSILON = 2.0**-52  # added to the share of a window that is known


def canny(image: Tensor, sigma: float, valid: Tensor | None = None) -> Tensor:
    """N×3×H×W in [0, 1], and N×1×H×W with 1 where it is known → N×1×H×W, exactly 0 or 1, 1 = edge."""
    picture = grey(image)
    known = torch.ones_like(picture) if valid is None else (valid > 0.5).double()
    blurred, share = (blur(maps, sigma) for maps in (picture * known, known))
    smooth = blurred / (share + EPSILON)

    around = F.pad(smooth, (1, 1, 1, 1), mode="replicate")
    down, right = derivative(around, -2), derivative(around, -1)
    length = (down * down + right * right).sqrt()
    inside = -F.max_pool2d(F.pad(-known.float(), (1, 1, 1, 1)), 3, 1) > 0.5  # what lies outside is unknown
    low = inside & (length >= LOW) & is_ridge(length, down, right)
    # scripted, it becomes a loop of the graph; traced, it would be as many steps as the traced picture takes
    grow = torch.jit.script(connected) if torch.jit.is_tracing() else connected
    return grow((low & (length >= HIGH)).float(), low.float()).to(image.dtype)


def blur(maps: Tensor, sigma: float) -> Tensor:
    """By a Gaussian cut at four sigma, N×1×H×W; outside is 0. First along the columns, then along the rows."""
    radius = int(4 * sigma + 0.5)
    weights = [math.exp(-0.5 * place**2 / sigma**2) for place in range(-radius, radius + 1)]
    total = sum(weights)
    for dimension, margin in ((-2, (0, 0, radius, radius)), (-1, (radius, radius, 0, 0))):
        taps = shifted(F.pad(maps, margin), dimension, 2 * radius + 1)
        maps = taps[radius] * (weights[radius] / total)
        for place in range(radius):
            maps = maps + (taps[place] + taps[-1 - place]) * (weights[place] / total)
    return maps


def derivative(around: Tensor, dimension: int) -> Tensor:
    """Sobel's, along `dimension`, of maps with a margin of 1, which goes."""
    before, _, after = shifted(around, dimension, 3)
    first, middle, last = shifted(after - before, -3 - dimension, 3)
    return middle * 2 + (first + last)


def is_ridge(length: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Where no length is greater at a distance of one pixel along the gradient, forwards or backwards.

    There it is interpolated between the next pixel in the gradient's main direction and the next one diagonally.
    """
    rows = shifted(F.pad(length, (1, 1, 1, 1)), -2, 3)
    (nw, n, ne), (w, _, e), (sw, s, se) = (shifted(row, -1, 3) for row in rows)
    steep = down.abs() > right.abs()
    share = torch.where(steep, right.abs(), down.abs()) / torch.where(steep, down.abs(), right.abs()).clamp_min(1e-300)
    falling = ((down >= 0) & (right >= 0)) | ((down <= 0) & (right <= 0))  # from north-west to south-east

    def is_lower(straight: Tensor, diagonal: Tensor) -> Tensor:
        return diagonal * share + straight * (1 - share) <= length

    ahead = is_lower(torch.where(steep, torch.where(falling, s, n), e), torch.where(falling, se, ne))
    behind = is_lower(torch.where(steep, torch.where(falling, n, s), w), torch.where(falling, nw, sw))
    return ahead & behind


def connected(strong: Tensor, weak: Tensor) -> Tensor:
    """What of `weak` is reached from `strong`, a part of it, in steps to one of eight neighbours; maps of 0 and 1."""
    reached = strong
    growing = True
    while growing:
        grown = F.max_pool2d(reached, 3, 1, 1) * weak
        growing = bool((grown - reached).max().item() > 0)
        reached = grown
    return reached


def shifted(maps: Tensor, dimension: int, count: int) -> list[Tensor]:
    """`maps`, N×1×H×W, without its last count−1 rows or columns; without the first and the last count−2; and so on."""
    cut = [(place, place - count + 1 or None) for place in range(count)]
    return [maps[..., a:b, :] if dimension == -2 else maps[..., a:b] for a, b in cut]
