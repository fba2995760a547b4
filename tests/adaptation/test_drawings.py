import matplotlib.image
import numpy as np
import pytest
import torch

from lacuna.adaptation import drawings
from tests.adaptation.conftest import lopsided_hole, picture

SIZE = (48, 64)


def colours(path) -> np.ndarray:
    """The picture's rows of pixels as 8-bit RGB."""
    return (matplotlib.image.imread(path)[..., :3] * 255).round().astype(np.uint8).reshape(-1, 3)


def share_of(path, colour) -> float:
    return float((np.abs(colours(path) - np.array(colour) * 255.0) < 2).all(1).mean())


@pytest.mark.parametrize("size", [SIZE, (65, 47)])
@pytest.mark.slow
def test_every_figure_is_drawn(tmp_path, pool, size):
    image, user = picture(size), lopsided_hole(size)
    drawings.draw_kinds_of_masks(tmp_path / "2.7.png", image)
    drawings.draw_regions(tmp_path / "3.2.png", image, user)
    drawings.draw_full_image_masks(tmp_path / "4.1.png", image, user)
    drawings.draw_augmentations(tmp_path / "4.3.png", image, user, drawings.APPEARANCE)
    drawings.draw_augmentations(tmp_path / "4.5.png", image, user, drawings.LOCATION)
    drawings.draw_fills(tmp_path / "4.7.png", image, user, pool.without("photograph0"), picture(size, seed=2))
    widths = {path.stem: matplotlib.image.imread(path).shape[1] for path in tmp_path.glob("?.?.png")}
    panels = {"2.7": 5, "3.2": 4, "4.1": 4, "4.3": 6, "4.5": 6, "4.7": 5}
    assert widths.keys() == panels.keys()
    assert len({round(widths[name] / count) for name, count in panels.items()}) == 1


def test_the_regions_have_their_colours(tmp_path):
    image, user = torch.full((3, *SIZE), 0.3), lopsided_hole(SIZE)
    drawings.draw_regions(tmp_path / "3.2.png", image, user)
    yellow, grey = (share_of(tmp_path / "3.2.png", colour) for colour in (drawings.FINETUNING, drawings.USER))
    covered = float(user.mean())
    # one of four panels has colours, of which F is 15 to 25 % and U what it is
    assert 0.6 < grey / yellow / (covered / 0.2) < 1.6 and yellow > 0.02
