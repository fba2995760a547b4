"""Text: words of random letters, as subtitles, captions and watermarks cover a picture."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from lacuna.keys import key, verify

if TYPE_CHECKING:
    import numpy as np
    from PIL import ImageFont

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_LONGEST = 9  # letters of a word
_SMALLEST = 5  # pixels of a letter's em
_INK = 0.22  # of a letter's em square that is covered, on average


@dataclass(frozen=True)
class Options:
    """How the words look; they are set in DejaVu Sans, which comes with Matplotlib."""

    height: float = key("largest size of the letters, as a share of the short side", 0.15, above=0, maximum=1)
    tilt: float = key(
        "largest angle of a word with the horizontal, in degrees, to either side", 0.0, minimum=0, maximum=90
    )

    def __post_init__(self):
        verify(self, "text")


def draw(
    rng: "np.random.Generator", size: tuple[int, int], fewest: int, most: int, options: Options
) -> "np.ndarray | None":
    """A mask (uint8 H×W, 255 = hole) of words with `fewest` to `most` hole pixels; `size` is (width, height).

    Words are added, each whole, until so much is covered; letters have half the largest size or more, except in the
    words that fill what is left. None where no such mask was found.
    """
    from lacuna.data.masks._pieces import put_together

    return put_together(rng, size, fewest, most, 0, lambda area: _word(rng, size, area, options))


def _word(rng: "np.random.Generator", size: tuple[int, int], area: float, options: Options) -> "np.ndarray":
    import numpy as np
    from PIL import Image, ImageDraw

    number, share, turn = int(rng.integers(1, _LONGEST + 1)), rng.uniform(0.5, 1), rng.uniform(-1, 1)
    letters = [_LETTERS[i] for i in rng.integers(len(_LETTERS), size=number)]
    em = min(share * options.height * min(size), (area / _INK / number) ** 0.5)
    while True:
        font = _font(max(_SMALLEST, round(em)))
        left, top, right, bottom = font.getbbox("".join(letters))
        picture = Image.new("L", (int(right - left), int(bottom - top)))
        ImageDraw.Draw(picture).text((-left, -top), "".join(letters), fill=255, font=font)
        if options.tilt:
            picture = picture.rotate(options.tilt * turn, Image.Resampling.BILINEAR, expand=True)
        if picture.width <= size[0] and picture.height <= size[1]:
            return np.where(np.asarray(picture) >= 128, 255, 0).astype(np.uint8)
        if len(letters) == 1 and em <= _SMALLEST:
            return np.full((1, 1), 255, np.uint8)  # the image is smaller than a letter
        # a word without room: fewer letters, or smaller ones
        letters, em = letters[: max(1, len(letters) // 2)], em if len(letters) > 1 else 0.7 * em


@cache
def _font(em: int) -> "ImageFont.FreeTypeFont":
    import matplotlib
    from PIL import ImageFont

    return ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf", em)
