"""Filling the holes of one picture, window by window."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from lacuna.inpainting.windows import Part, Window, parts, weight

Predict = Callable[[np.ndarray, np.ndarray], np.ndarray]
LEAST_KNOWN = 0.25  # of what a network sees


def fill(
    predict: Predict,
    image: np.ndarray,
    hole: np.ndarray,
    tile: tuple[int, int] | None,
    overlap: int,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> np.ndarray:
    """The image, uint8 H×W×3, with its hole (bool H×W) filled; every pixel outside the hole is the image's own.

    predict: image and hole of a window → raw prediction, uint8 h×w×3. tile, overlap: see `lacuna.inpainting.windows`.
    Where windows overlap their predictions are blended. progress: called with the windows done and their number.
    """
    numbers, todo = parts(hole, tile, overlap)
    total, done = sum(len(part.windows) for part in todo), 0

    def predictions(part: Part) -> Iterator[tuple[Window, np.ndarray]]:
        nonlocal done
        for window in part.windows:
            prediction = _prediction(predict, image, hole, window)
            done += 1
            progress(done, total)
            yield window, prediction

    result, count = image.copy(), int(numbers.max()) + 1
    for part in todo:
        chosen = np.zeros(count, bool)
        chosen[part.holes] = True
        mine = chosen[numbers[part.hull.slices]]
        result[part.hull.slices][mine] = _blended(predictions(part), part.hull, overlap, hole.shape)[mine]
    return result


def _blended(
    predictions: Iterator[tuple[Window, np.ndarray]], hull: Window, overlap: int, shape: tuple[int, int]
) -> np.ndarray:
    """The weighted mean of predictions that overlap, uint8, of the hull's size."""
    total = np.zeros((hull.height, hull.width, 3), np.float32)
    weights = np.zeros((hull.height, hull.width, 1), np.float32)
    for window, prediction in predictions:
        if window == hull:
            return prediction
        share, place = weight(window, overlap, shape)[..., None], hull.from_inside(window)
        total[place] += share * prediction
        weights[place] += share
    return np.rint(total / np.maximum(weights, np.finfo(np.float32).tiny)).astype(np.uint8)


def _prediction(predict: Predict, image: np.ndarray, hole: np.ndarray, window: Window) -> np.ndarray:
    """The raw prediction of a window, uint8.

    A window that is hardly known itself, deep inside a large hole, is seen from farther away: a region around it, twice
    as high and wide, and again if need be, is reduced to the window's size, and its prediction enlarged.
    """
    size, seen, times = (window.width, window.height), window, 1
    view, unknown = image[window.slices], hole[window.slices]
    while unknown.mean() > 1 - LEAST_KNOWN and (seen.height, seen.width) != hole.shape:
        times *= 2
        seen = _around(window, times, hole.shape)
        # a reduced pixel is known if all that it stands for is
        share = cv2.resize(hole[seen.slices].astype(np.float32), size, interpolation=cv2.INTER_AREA)
        view, unknown = cv2.resize(image[seen.slices], size, interpolation=cv2.INTER_AREA), share > 0
    predicted = predict(np.ascontiguousarray(view), np.ascontiguousarray(unknown))
    if seen is window:
        return predicted
    enlarged = cv2.resize(predicted, (seen.width, seen.height), interpolation=cv2.INTER_CUBIC)
    return enlarged[seen.from_inside(window)]


def _around(window: Window, times: int, shape: tuple[int, int]) -> Window:
    height, width = min(times * window.height, shape[0]), min(times * window.width, shape[1])
    top = min(max(0, window.top - (height - window.height) // 2), shape[0] - height)
    left = min(max(0, window.left - (width - window.width) // 2), shape[1] - width)
    return Window(top, left, height, width)
