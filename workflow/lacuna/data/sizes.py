"""One reading of the setting `image_size`."""

from lacuna.errors import LacunaError


def width_and_height(image_size: int | list[int]) -> tuple[int, int]:
    """`image_size` as (width, height) in pixels: a number means a square, a list is `[width, height]`."""
    size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    if len(size) != 2 or not all(isinstance(side, int) and side > 0 for side in size):
        raise LacunaError(f"image_size is {image_size}; give one positive number or [width, height]")
    return size
