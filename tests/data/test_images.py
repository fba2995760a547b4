"""Files to arrays and back, and composites."""

import numpy as np
import pytest
import torch
from PIL import Image

from lacuna.data.compositing import composite
from lacuna.data.images import read_image, read_mask, write_image
from lacuna.errors import LacunaError

from .pictures import asymmetric


def test_an_image_survives_the_round_trip(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (7, 11, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "x.png")
    image = read_image(tmp_path / "x.png")
    assert (image.shape, image.dtype) == ((3, 7, 11), np.float32)
    assert (image == noise.transpose(2, 0, 1).astype(np.float32) / 255).all()
    for made in (image, torch.from_numpy(image), image.astype(np.float64)):
        write_image(tmp_path / "y.png", made)
        assert (np.asarray(Image.open(tmp_path / "y.png")) == noise).all()


def test_writing_clamps_and_rounds_halves_to_even(tmp_path):
    levels = np.array([-0.3, 0.5 / 255, 1.5 / 255, 2.5 / 255, 0.999, 1.7])
    write_image(tmp_path / "x.png", np.broadcast_to(levels, (3, 2, 6)))
    assert np.asarray(Image.open(tmp_path / "x.png"))[0, :, 0].tolist() == [0, 0, 2, 2, 255, 255]


def test_a_mask_is_one_where_white(tmp_path):
    holes = np.zeros((6, 9), bool)
    holes[1:3, 5:] = True
    for values in (holes, holes.astype(np.uint8) * 255, np.dstack([holes.astype(np.uint8) * 255] * 3)):
        Image.fromarray(values).save(tmp_path / "m.png")
        mask = read_mask(tmp_path / "m.png")
        assert (mask.shape, mask.dtype) == ((1, 6, 9), np.float32)
        assert (mask[0] == holes).all()


def test_other_masks_are_refused(tmp_path):
    for values, sentence in (
        (np.eye(5, dtype=np.uint8), "holds 0 and 1"),
        (np.arange(25, dtype=np.uint8).reshape(5, 5), "24 values other than 0 and 255, such as 1;"),
        (np.eye(5, dtype=np.uint8) * 254, "1 values other than 0 and 255, such as 254;"),
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
