import numpy as np
import pytest
from PIL import ExifTags, Image

from lacuna.errors import LacunaError
from lacuna.inpainting.holes import hole_of, resized
from lacuna.inpainting.pictures import from_pixels, picture_of
from tests.inpainting.made_up import box, noise, save

PICTURE = from_pixels(noise(), "x")
HOLE = box()


def test_every_kind_of_mask_means_the_same_hole(tmp_path):
    bytes_ = HOLE.astype(np.uint8) * 255
    grey = np.where(HOLE, 128, 127).astype(np.uint8)
    for mask in (
        HOLE,
        bytes_,
        bytes_[..., None],
        np.dstack([bytes_] * 3),
        HOLE.astype(np.float32),
        grey,
        Image.fromarray(HOLE),
        Image.fromarray(bytes_),
        save(tmp_path / "m.png", HOLE),
        str(save(tmp_path / "m.tif", grey)),
        save(tmp_path / "m.jpg", HOLE, quality=100),
    ):
        assert (hole_of(mask, PICTURE) == HOLE).all()


def test_the_other_polarity():
    assert (hole_of(~HOLE, PICTURE, invert=True) == HOLE).all()
    assert (hole_of(HOLE, PICTURE, invert=True) == ~HOLE).all()


def test_another_size_is_refused_or_resized():
    small = box(19, 27, 3, 4, 6, 8)
    with pytest.raises(LacunaError, match="the mask has 27×19 pixels and the picture 53×37; .*--resize-mask"):
        hole_of(small, PICTURE)
    hole = hole_of(small, PICTURE, resize=True)
    rows, columns = np.nonzero(hole)
    assert hole.shape == (37, 53)
    assert abs(rows.min() - 3 * 37 / 19) <= 1 and abs(columns.max() + 1 - 12 * 53 / 27) <= 1


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp"])
def test_a_mask_of_a_turned_picture_must_be_turned_as_well(tmp_path, suffix):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    path = save(tmp_path / f"x.{suffix}", noise(37, 53), exif=exif)
    picture = picture_of(path)
    assert picture.size == (53, 37) and picture.stored_size == (37, 53)
    assert picture_of(Image.open(path)).stored_size == (37, 53)
    with pytest.raises(LacunaError, match="EXIF turns it"):
        hole_of(HOLE, picture)
    assert hole_of(save(tmp_path / "m.png", HOLE, exif=exif), picture).sum() == HOLE.sum()


def test_growing_is_the_same_in_every_direction():
    dot = np.zeros((37, 53), bool)
    dot[20, 30] = True
    rows, columns = np.mgrid[:37, :53]
    for n in (1, 4, 9):
        assert (hole_of(dot, PICTURE, dilate=n) == (np.hypot(rows - 20, columns - 30) <= n)).all()
    assert (hole_of(HOLE, PICTURE, dilate=0) == HOLE).all()
    with pytest.raises(LacunaError, match="not by -1"):
        hole_of(HOLE, PICTURE, dilate=-1)


@pytest.mark.parametrize(
    ("mask", "options", "sentence"),
    [
        (HOLE & False, {}, "the mask is empty.*paint the hole white"),
        (HOLE | True, {"invert": True}, "the mask is empty.*paint the hole black"),
        (HOLE | True, {}, "covers the whole picture.*leave black"),
        (HOLE & False, {"invert": True}, "covers the whole picture.*leave white"),
        (HOLE, {"dilate": 99}, "covers the whole picture"),
        (HOLE.astype(np.uint8), {}, "holds 0 and 1"),
        (noise(channels=4), {}, "transparent"),
        (HOLE.astype(np.int32), {}, "the mask cannot be read"),
    ],
)
def test_masks_that_mean_nothing_are_one_sentence(mask, options, sentence):
    with pytest.raises(LacunaError, match=sentence) as error:
        hole_of(mask, PICTURE, **options)
    assert "\n" not in str(error.value)


def test_nested_lists_and_integers_of_more_bits_mean_the_same_hole(tmp_path):
    levels = HOLE.astype(np.uint8) * 255
    Image.fromarray(levels.astype(np.int32)).save(tmp_path / "m32.tif")
    Image.fromarray(levels.astype(np.uint16)).save(tmp_path / "m16.png")
    for mask in (
        HOLE.tolist(),
        levels.tolist(),
        levels.astype(np.int64),
        levels.astype(np.uint16),
        Image.fromarray(levels.astype(np.int32)),
        tmp_path / "m32.tif",
        tmp_path / "m16.png",
    ):
        assert (hole_of(mask, PICTURE) == HOLE).all()
    full = Image.fromarray(HOLE.astype(np.uint16) * 65535)
    assert (hole_of(full, PICTURE) == HOLE).all()


@pytest.mark.parametrize(
    ("mask", "sentence"),
    [
        (None, "the mask is a NoneType, not a path"),
        (3.5, "the mask is a float, not a path"),
        ([[True, False], [True]], "a list whose rows differ in length"),
        ([["a", "b"]], "the mask cannot be read"),
        ([], "the mask cannot be read"),
        (HOLE.astype(complex), "the mask cannot be read"),
        (np.array([[None]]), "the mask cannot be read"),
    ],
)
def test_what_is_no_mask_is_one_sentence(mask, sentence):
    with pytest.raises(LacunaError, match=sentence):
        hole_of(mask, PICTURE)


def test_a_resized_mask_loses_nothing_of_its_hole():
    large = np.zeros((3 * 37 + 5, 4 * 53 + 3), bool)
    large[:, [0, 87, 100, -1]] = True  # scratches of one pixel, of which nearest neighbours see none or some
    large[70] = True
    rows, columns = np.nonzero(large)
    expected = np.zeros((37, 53), bool)
    for row, column in zip(rows, columns, strict=True):  # each pixel that it touches, in exact fractions
        expected[row * 37 // 116, column * 53 // 215] = True
        expected[(row * 37 + 36) // 116, column * 53 // 215] = True
        expected[row * 37 // 116, (column * 53 + 52) // 215] = True
        expected[(row * 37 + 36) // 116, (column * 53 + 52) // 215] = True
    assert (hole_of(large, PICTURE, resize=True) == expected).all()
    assert (hole_of(~large, PICTURE, resize=True, invert=True) == expected).all()
    doubled = HOLE.repeat(2, 0).repeat(3, 1)
    assert (hole_of(doubled, PICTURE, resize=True) == HOLE).all()
    assert (resized(HOLE, doubled.shape) == doubled).all()
