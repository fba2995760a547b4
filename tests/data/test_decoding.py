"""Every odd kind of picture becomes the right RGB."""

import numpy as np
import pytest
from PIL import Image

from lacuna.data.decoding import UNREADABLE, decode, from_array, stored_size, upright_size

from .pictures import asymmetric, png


def decoded(path) -> np.ndarray:
    return np.asarray(decode(path)[0]).astype(int)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path, orientation, suffix):
    # what a camera stores for an upright picture, by the EXIF standard's definition of the tag
    stored = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation](asymmetric())
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"jpg": {"quality": 100, "subsampling": 0}, "webp": {"lossless": True}}.get(suffix, {})
    path = tmp_path / f"x.{suffix}"
    Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif, **options)
    assert np.abs(decoded(path) - asymmetric()).max() <= (4 if suffix == "jpg" else 0)
    assert upright_size(path) == (40, 24)
    with Image.open(path) as opened:
        assert stored_size(opened) == (stored.shape[1], stored.shape[0])


def test_a_tiff_may_say_its_orientation_in_xmp(tmp_path):
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    Image.fromarray(np.ascontiguousarray(np.rot90(asymmetric()))).save(tmp_path / "x.tif", tiffinfo={0x02BC: xmp})
    assert (decoded(tmp_path / "x.tif") == asymmetric()).all()
    assert upright_size(tmp_path / "x.tif") == (40, 24)


def test_grey_and_one_bit(tmp_path):
    grey = asymmetric()[..., 0]
    Image.fromarray(grey).save(tmp_path / "grey.png")
    assert (decoded(tmp_path / "grey.png") == grey[..., None]).all()
    Image.fromarray(grey > 100).save(tmp_path / "bits.png")
    assert (decoded(tmp_path / "bits.png") == np.where(grey > 100, 255, 0)[..., None]).all()


def test_sixteen_bits_keep_their_range(tmp_path):
    ramp = np.linspace(0, 65535, 40 * 24).astype(np.uint16).reshape(24, 40)
    wanted = np.rint(ramp / 257)[..., None]
    Image.fromarray(ramp).save(tmp_path / "x.png")
    Image.fromarray(ramp).save(tmp_path / "x.tif")
    assert (decoded(tmp_path / "x.png") == wanted).all()
    assert (decoded(tmp_path / "x.tif") == wanted).all()
    assert decoded(tmp_path / "x.png").max() == 255


def test_floating_point(tmp_path):
    ramp = np.linspace(0, 1, 40 * 24, dtype=np.float32).reshape(24, 40)
    Image.fromarray(ramp).save(tmp_path / "x.tif")
    assert (decoded(tmp_path / "x.tif") == np.rint(ramp.astype(float) * 255)[..., None]).all()
    Image.fromarray(ramp * 2).save(tmp_path / "y.tif")
    with pytest.raises(UNREADABLE, match="outside"):
        decode(tmp_path / "y.tif")


def test_cmyk_jpeg(tmp_path):
    Image.fromarray(asymmetric()).convert("CMYK").save(tmp_path / "x.jpg", quality=95, subsampling=0)
    with Image.open(tmp_path / "x.jpg") as opened:
        assert opened.mode == "CMYK"
    assert np.abs(decoded(tmp_path / "x.jpg") - asymmetric()).mean() < 3


def test_palette(tmp_path):
    Image.fromarray(asymmetric()).quantize(8).save(tmp_path / "x.png")
    with Image.open(tmp_path / "x.png") as opened:
        assert opened.mode == "P"
    assert np.abs(decoded(tmp_path / "x.png") - asymmetric()).max() <= 2


@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
def test_alpha_is_dropped(tmp_path, suffix):
    alpha = np.full((24, 40), 255, np.uint8)
    alpha[:12] = 0
    picture = Image.fromarray(np.dstack([asymmetric(), alpha]))
    picture.save(tmp_path / f"x.{suffix}", **({"lossless": True, "exact": True} if suffix == "webp" else {}))
    image, transparent = decode(tmp_path / f"x.{suffix}")
    assert transparent
    assert (np.asarray(image) == asymmetric()).all()


def test_grey_with_alpha_and_transparent_palette(tmp_path):
    grey, alpha = asymmetric()[..., 0], np.full((24, 40), 255, np.uint8)
    alpha[:, :20] = 0
    Image.fromarray(np.dstack([grey, alpha])).save(tmp_path / "la.png")
    palette = Image.fromarray(asymmetric()).quantize(8)
    palette.save(tmp_path / "p.png", transparency=palette.getpixel((0, 0)))
    la, p = decoded(tmp_path / "la.png"), decoded(tmp_path / "p.png")
    assert (la == grey[..., None]).all()
    assert np.abs(p - asymmetric()).max() <= 2


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_a_transparent_grey_of_any_bits(tmp_path, bits):
    values = np.random.default_rng(bits).integers(0, 2**bits, (24, 40), dtype=np.uint16)
    (tmp_path / "x.png").write_bytes(png(values, bits, (values[3, 5],)))
    image, transparent = decode(tmp_path / "x.png")
    shown = np.rint(values / (2**bits - 1) * 255)
    assert transparent and (np.asarray(image) == shown[..., None]).all()


@pytest.mark.parametrize("bits", [8, 16])
def test_a_transparent_colour_of_any_bits(tmp_path, bits):
    values = np.random.default_rng(bits).integers(0, 2**bits, (24, 40, 3), dtype=np.uint16)
    values[3:9, 5:20] = values[3, 5]
    (tmp_path / "x.png").write_bytes(png(values, bits, tuple(values[3, 5])))
    image, transparent = decode(tmp_path / "x.png")
    assert transparent and (np.asarray(image) == values >> bits - 8).all()


def test_opaque_alpha_is_not_called_transparent(tmp_path):
    Image.fromarray(asymmetric()).convert("RGBA").save(tmp_path / "x.png")
    assert decode(tmp_path / "x.png")[1] is False


def test_arrays():
    picture = asymmetric()
    for values in (picture, picture / 255, picture.astype(np.uint16) * 257, picture.astype(np.float32) / 255):
        assert (np.asarray(from_array(values)[0]) == picture).all()
    assert (np.asarray(from_array(picture[..., 0])[0]) == picture[..., :1]).all()
    assert (np.asarray(from_array(picture[..., :1])[0]) == picture[..., :1]).all()
    for wrong in (picture.astype(np.int64), picture[0, 0], np.full((4, 4), np.nan), np.zeros((4, 4, 5), np.uint8)):
        with pytest.raises(ValueError, match="."):
            from_array(wrong)


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "tif", "webp"])
def test_cut_off_files_are_unreadable(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / f"x.{suffix}")
    data = (tmp_path / f"x.{suffix}").read_bytes()
    for length in (0, 7, len(data) // 2):
        (tmp_path / f"x.{suffix}").write_bytes(data[:length])
        with pytest.raises(UNREADABLE):
            decode(tmp_path / f"x.{suffix}")
