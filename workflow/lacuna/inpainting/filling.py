"""Filling the holes of one picture, window by window."""

from collections.abc import Callable

import cv2
import numpy as np

from lacuna.inpainting.tiles import Part, Window, grown, parts, weight

Predict = Callable[[np.ndarray, np.ndarray], np.ndarray]


def fill(
    predict: Predict,
    image: np.ndarray,
    hole: np.ndarray,
    tile: tuple[int, int] | None,
    overlap: int,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> np.ndarray:
    """The image, uint8 H×W×3, with its hole (bool H×W) filled; every pixel outside the hole is the image's own.

    predict: image and hole of a window → raw prediction, uint8 h×w×3. tile, overlap: see `lacuna.inpainting.tiles`.
    Where windows overlap their predictions are blended. What lies deep inside a hole that is larger than a window,
    more than twice the overlap from its rim, is filled first, from one reduced view of the whole hole; the windows
    then find it known, so that they agree, and fade into it over half of the overlap. progress: called with the windows
    done and their number.
    """
    numbers, todo = parts(hole, tile, overlap)
    total, done = sum(len(part.windows) for part in todo), 0
    result, count = image.copy(), int(numbers.max()) + 1
    for part in todo:
        area = part.hull.slices
        chosen = np.zeros(count, bool)
        chosen[part.holes] = True
        mine = chosen[numbers[area]]
        view, unknown = image[area].copy(), hole[area].copy()
        blend = _Blend(part.hull) if len(part.windows) > 1 else None
        if blend and tile:  # without tiles there is one window alone
            depth = cv2.distanceTransform(mine.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
            deep = depth > 2 * overlap
            if deep.any():
                afar = _from_afar(predict, image, hole, part, tile)
                view[deep] = afar[deep]
                result[area][deep] = afar[deep]
                unknown &= ~deep
                mine &= ~deep
                blend.fade_into(afar, np.clip(2 * depth / overlap - 3, 0, 1))
        for window in part.windows:
            place = part.hull.from_inside(window)
            if mine[place].any():
                prediction = predict(np.ascontiguousarray(view[place]), np.ascontiguousarray(unknown[place]))
                if blend:
                    blend.add(prediction, place, weight(window, overlap, hole.shape))
            done += 1
            progress(done, total)
        result[area][mine] = (blend.mean() if blend else prediction)[mine]
    return result


class _Blend:
    """The weighted mean of predictions that overlap."""

    def __init__(self, hull: Window):
        self.total = np.zeros((hull.height, hull.width, 3), np.float32)
        self.weights = np.zeros((hull.height, hull.width, 1), np.float32)
        self.other: np.ndarray | None = None
        self.share: np.ndarray | None = None

    def add(self, prediction: np.ndarray, place: tuple[slice, slice], share: np.ndarray) -> None:
        self.total[place] += share[..., None] * prediction
        self.weights[place] += share[..., None]

    def fade_into(self, other: np.ndarray, share: np.ndarray) -> None:
        """Take another prediction, of the hull's size, by a share in [0, 1] of each pixel."""
        self.other, self.share = other, share[..., None]

    def mean(self) -> np.ndarray:
        """uint8, of the hull's size; 0 where there was no prediction."""
        mean = self.total / np.maximum(self.weights, np.finfo(np.float32).tiny)
        if self.other is not None and self.share is not None:
            mean += self.share * (self.other - mean)
        return np.rint(mean).astype(np.uint8)


def _from_afar(predict: Predict, image: np.ndarray, hole: np.ndarray, part: Part, tile: tuple[int, int]) -> np.ndarray:
    """A coherent but soft prediction of the part's hull, uint8: seen with what is around it, reduced to a tile."""
    hull = part.hull
    seen = grown(hull, (hull.height // 4, hull.width // 4), hole.shape)
    scale = max(1, seen.height / tile[0], seen.width / tile[1])
    size = max(1, int(seen.width / scale)), max(1, int(seen.height / scale))
    reduced = cv2.resize(image[seen.slices], size, interpolation=cv2.INTER_AREA)
    # a reduced pixel is known if all that it stands for is
    unknown = cv2.resize(hole[seen.slices].astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    prediction = predict(reduced, unknown)
    enlarged = cv2.resize(prediction, (seen.width, seen.height), interpolation=cv2.INTER_CUBIC)
    return enlarged[seen.from_inside(hull)]
