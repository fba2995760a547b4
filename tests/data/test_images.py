"""Files to arrays, and composites."""

import numpy as np
import pytest
import torch
from PIL import Image

from lacuna.data.compositing import composite, composite_picture
from lacuna.data.images import read_image, read_mask
from lacuna.data.tensors import image_tensor, mask_tensor, pictures_of
from lacuna.errors import LacunaError

from .pictures import asymmetric


def test_an_image_is_read_as_it_is(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (7, 11, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "x.png")
    image = read_image(tmp_path / "x.png")
    assert (image.shape, image.dtype) == ((7, 11, 3), np.uint8)
    assert (image == noise).all()


def lower_right() -> np.ndarray:
    """bool 6×9, a hole that no turning or mirroring leaves in its place."""
    holes = np.zeros((6, 9), bool)
    holes[1:3, 5:] = True
    return holes


def test_a_mask_is_one_where_white(tmp_path):
    holes = lower_right()
    levels = holes.astype(np.uint8) * 255
    opaque = np.dstack([levels] * 3 + [np.full_like(levels, 255)])
    for values in (holes, levels, np.dstack([levels] * 3), levels.astype(np.uint16) * 257, opaque):
        Image.fromarray(values).save(tmp_path / "m.png")
        mask = read_mask(tmp_path / "m.png")
        assert (mask.shape, mask.dtype) == ((6, 9), bool)
        assert (mask == holes).all()


def test_a_mask_is_turned_as_its_image_is(tmp_path):
    holes, exif = lower_right(), Image.Exif()
    exif[0x0112] = 6  # shown turned clockwise
    Image.fromarray(holes.astype(np.uint8) * 255).save(tmp_path / "m.png", exif=exif)
    assert (read_mask(tmp_path / "m.png") == np.rot90(holes, -1)).all()


def test_a_mask_that_can_be_seen_through_is_refused(tmp_path):
    white = np.full((6, 9, 4), 255, np.uint8)
    white[..., 3] = lower_right() * 255
    Image.fromarray(white).save(tmp_path / "m.png")
    with pytest.raises(LacunaError, match="transparent pixels.*flatten it"):
        read_mask(tmp_path / "m.png")


def test_other_masks_are_refused(tmp_path):
    for values, sentence in (
        (np.eye(5, dtype=np.uint8), "holds 0 and 1"),
        (np.arange(25, dtype=np.uint8).reshape(5, 5), "24 values other than 0 and 255, such as 1;"),
        (np.eye(5, dtype=np.uint8) * 254, "1 values other than 0 and 255, such as 254;"),
        (np.where(np.eye(5), 65535, 30000).astype(np.uint16), "1 values other than 0 and 255, such as 117;"),
    ):
        Image.fromarray(values).save(tmp_path / "m.png")
        with pytest.raises(LacunaError, match=sentence):
            read_mask(tmp_path / "m.png")


def test_unreadable_files_are_one_sentence(tmp_path):
    (tmp_path / "x.png").write_bytes(b"nothing")
    for read in (read_image, read_mask):
        for name in ("x.png", "missing.png"):
            with pytest.raises(LacunaError, match=f"{name} cannot be read"):
                read(tmp_path / name)


def test_the_composite_takes_the_prediction_in_the_hole_only():
    image = asymmetric(10, 6).transpose(2, 0, 1)[None].astype(np.float32) / 255
    raw = 1 - image
    mask = np.zeros((1, 1, 6, 10), np.float32)
    mask[..., 2:, 7:] = 1
    made = composite(raw, image, mask)
    assert (made[..., 2:, 7:] == raw[..., 2:, 7:]).all()
    assert (made[..., :2, :] == image[..., :2, :]).all()
    assert (made[..., :7] == image[..., :7]).all()
    tensors = composite(*map(torch.from_numpy, (raw, image, mask)))
    assert (tensors.numpy() == made).all()


def test_pictures_become_tensors_and_back_by_the_two_conventions():
    pictures = np.stack([asymmetric(10, 6), asymmetric(10, 6)[::-1]])
    holes = np.stack([np.pad(lower_right(), ((0, 0), (0, 1))), np.zeros((6, 10), bool)])
    image, mask = image_tensor(pictures), mask_tensor(holes)
    assert (image.shape, mask.shape) == ((2, 3, 6, 10), (2, 1, 6, 10)) and image.dtype == mask.dtype == torch.float32
    assert image[0, 2, 5, 1] == pictures[0, 5, 1, 2] / np.float32(255) and mask[0, 0, 1, 5] == 1 and mask.sum() == 8
    assert (pictures_of(image) == pictures).all() and pictures_of(image * 3 - 1).max() == 255
    raw = 255 - pictures
    made = composite_picture(raw, pictures, holes)
    assert made.dtype == np.uint8 and (made == pictures_of(composite(1 - image, image, mask))).all()
    assert (composite_picture(np.uint8(7), pictures, holes)[holes] == 7).all()
