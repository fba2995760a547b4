"""From bytes to bytes: what a page calls."""

import numpy as np
import pytest

from lacuna.export.end_to_end import export_end_to_end
from tests.export.running import SYSTEMS, loaded, responsive, torch_composite
from tests.systems.test_contract import arrays

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=SYSTEMS)
def exported(request, tmp_path_factory):
    """(system, the graph as a function)."""
    system = responsive(request.param)
    path = tmp_path_factory.mktemp("export") / "end_to_end.onnx"
    export_end_to_end(system, path, 48, 64)
    return system, loaded(path)


@pytest.mark.parametrize("size", [(48, 64), (37, 53), (21, 90)])
def test_the_composite_is_pytorchs_and_the_known_bytes_are_the_pictures(exported, size):
    system, run = exported
    image, mask = arrays(size)
    made = run(image=image, mask=mask.astype(np.uint8) * 255)
    assert made.dtype == np.uint8 and made.shape == image.shape
    assert (made[~mask] == image[~mask]).all()
    expected = torch_composite(system, image, mask)
    assert abs(made[mask].astype(int) - expected[mask]).max() <= 1
    assert (made[mask] != image[mask]).any()


def test_128_is_hole_and_127_is_not(exported):
    _, run = exported
    image, mask = arrays()
    soft = np.where(mask, 128, 127).astype(np.uint8)
    assert (run(image=image, mask=soft) == run(image=image, mask=mask.astype(np.uint8) * 255)).all()


def test_without_a_hole_the_picture_comes_back(exported):
    _, run = exported
    image, mask = arrays()
    assert (run(image=image, mask=np.zeros_like(mask, np.uint8)) == image).all()
