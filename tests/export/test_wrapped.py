"""Somebody's graph from bytes to bytes draws what the graph draws, at any size, and keeps what is known."""

import numpy as np
import pytest

from lacuna.errors import LacunaError
from lacuna.export.session import open_session, run_session
from lacuna.export.wrapped import write_wrapped
from tests.inpainting.foreign import Foreign
from tests.inpainting.made_up import box, noise

FACTS = {
    "image": "img",
    "mask": "msk",
    "dtypes": (np.float32, np.float32),
    "multiple": 1,
    "minimum": 1,
    "erased": False,
    "index": 0,
}
FACTS |= {"reads": (0, 1), "answers": (0, 1), "of_mask": (0, 1)}
FORMS = {
    "plain": (Foreign(), {}),
    "signed, hole black": (
        Foreign(reads=(-1, 1), answers=(0, 255), white_is_hole=False),
        {"reads": (-1, 1), "answers": (0, 255), "of_mask": (1, 0)},
    ),
    "bytes": (
        Foreign(kind="bytes", reads=(0, 255), answers=(0, 255)),
        {"dtypes": (np.uint8, np.uint8), "reads": (0, 255), "answers": (0, 255), "of_mask": (0, 255)},
    ),
    "half, multiples": (
        Foreign(kind="half", multiple=8),
        {"dtypes": (np.float16, np.float16), "multiple": 8, "minimum": 16},
    ),
}


def blurred(image, hole):
    """What `Foreign` draws, by NumPy."""
    known = (~hole).astype(float)
    picture = np.pad(image * known[..., None], ((15, 15), (15, 15), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(picture, (31, 31), (0, 1)).sum((-1, -2))
    share = np.lib.stride_tricks.sliding_window_view(np.pad(known, 15), (31, 31)).sum((-1, -2))
    return windows / np.maximum(share, 1e-9)[..., None]


@pytest.mark.parametrize("form", FORMS)
def test_it_draws_what_the_graph_draws(tmp_path, form):
    foreign, changes = FORMS[form]
    path = foreign.write(tmp_path / "x.onnx")
    write_wrapped(path, FACTS | changes, tmp_path / "w.onnx")
    session = open_session(tmp_path / "w.onnx")
    image, hole = noise(40, 56), box(40, 56, top=3, left=9, down=11, across=13)
    (made,) = run_session(session, "w", image=image, mask=hole.astype(np.uint8) * 255)
    assert made.dtype == np.uint8 and made.shape == image.shape
    assert (made[~hole] == image[~hole]).all()
    off = np.abs(made.astype(float) - blurred(image, hole))[hole]
    assert off.max() <= (1.01 if foreign.kind != "half" else 2)


def test_odd_sizes_are_enlarged_and_nothing_under_the_hole_is_seen(tmp_path):
    path = Foreign(multiple=8, leak=0.5).write(tmp_path / "x.onnx")
    write_wrapped(path, FACTS | {"multiple": 8, "minimum": 64}, tmp_path / "w.onnx")
    session = open_session(tmp_path / "w.onnx")
    image, hole = noise(37, 53), box(37, 53)
    mask = hole.astype(np.uint8) * 128
    (first,) = run_session(session, "w", image=image, mask=mask)
    (other,) = run_session(session, "w", image=np.where(hole[..., None], 255 - image, image), mask=mask)
    assert first.shape == (37, 53, 3) and (first == other).all()


def test_what_is_no_graph_is_refused(tmp_path):
    (tmp_path / "x.onnx").write_text("hello")
    with pytest.raises(LacunaError, match="cannot be wrapped for the studio"):
        write_wrapped(tmp_path / "x.onnx", FACTS, tmp_path / "w.onnx")
