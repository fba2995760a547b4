"""One reading of the setting `image_size`, and what of that size is held in memory."""

from lacuna.errors import LacunaError

HELD_BYTES = 2 << 30  # of the decoded images, and of the masks, that a training holds in memory; more lie on the disk


def width_and_height(image_size: int | list[int]) -> tuple[int, int]:
    """`image_size` as (width, height) in pixels: a number means a square, a list is `[width, height]`."""
    size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    if len(size) != 2 or not all(isinstance(side, int) and side > 0 for side in size):
        raise LacunaError(f"image_size is {image_size}; give one positive number or [width, height]")
    return size


def size_label(image_size: int | list[int]) -> str:
    """A size as names and tables have it: `64` for a square, else width and height, `96x64`."""
    width, height = width_and_height(image_size)
    return str(width) if width == height else f"{width}x{height}"
