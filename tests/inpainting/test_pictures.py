import io
import struct

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.ExifTags import Base

from lacuna.errors import LacunaError
from lacuna.inpainting.pictures import from_pixels, picture_of
from lacuna.inpainting.saving import FORMATS, encoded, fitted, format_of, write
from tests.data.pictures import png
from tests.inpainting.made_up import box, noise, save

HOLE = box()
PREDICTION = noise(seed=9)
LOSSLESS = [suffix for suffix, (kind, _) in FORMATS.items() if kind != "JPEG"]


def round_trip(picture, suffix, name="x"):
    image = Image.open(io.BytesIO(encoded(fitted(picture, suffix, name), suffix)))
    image.load()
    return image


def exif(orientation=1):
    tags = Image.Exif()
    tags[Base.Orientation], tags[Base.Make] = orientation, "Maker"
    tags.get_ifd(ExifTags.IFD.Exif)[Base.DateTimeOriginal] = "2020:01:02 03:04:05"
    tags.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    return tags


@pytest.mark.parametrize("suffix", LOSSLESS)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_kind_of_picture_keeps_its_values_outside_the_hole(tmp_path, suffix, channels):
    values = noise(channels=channels)
    picture = picture_of(save(tmp_path / "x.png", values))
    result = round_trip(picture.filled(PREDICTION, HOLE), suffix)
    back = np.asarray(result.convert({1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]))
    assert (back[~HOLE] == values[~HOLE]).all()
    if channels > 2:
        assert (back[HOLE][:, :3] == PREDICTION[HOLE]).all()
    if channels in (2, 4):
        assert (back[HOLE][:, -1] == 255).all()  # what was filled can be seen


def test_a_grey_picture_stays_grey(tmp_path):
    result = round_trip(picture_of(save(tmp_path / "x.png", noise(channels=1))).filled(PREDICTION, HOLE), ".png")
    assert result.mode == "L"
    weighted = PREDICTION[HOLE] @ [0.299, 0.587, 0.114]
    assert np.abs(np.asarray(result)[HOLE] - weighted).max() <= 1


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bit_grey_stays_so(tmp_path, suffix):
    values = noise(channels=1, dtype=np.uint16)
    picture = picture_of(save(tmp_path / f"x{suffix}", values))
    result = np.asarray(round_trip(picture.filled(np.full_like(PREDICTION, 255), HOLE), suffix))
    assert result.dtype == np.uint16
    assert (result[~HOLE] == values[~HOLE]).all() and (result[HOLE] == 65535).all()


def test_what_a_format_cannot_hold_is_said(tmp_path):
    deep = picture_of(save(tmp_path / "x.png", noise(channels=1, dtype=np.uint16)))
    for suffix in (".webp", ".jpg"):
        assert any("more than 8 bits" in note for note in fitted(deep, suffix, "x").notes)
        assert round_trip(deep, suffix).mode in ("L", "RGB")
    assert any("lossy" in note for note in fitted(from_pixels(noise(), "x"), ".jpg", "x").notes)
    assert fitted(from_pixels(noise(), "x"), ".png", "x").notes == []
    with pytest.raises(LacunaError, match=r"x has transparent pixels.*\.png"):
        fitted(from_pixels(noise(channels=4), "x"), ".jpg", "x")
    opaque = np.dstack([noise(), np.full(HOLE.shape, 255, np.uint8)])
    assert round_trip(from_pixels(opaque, "x"), ".jpg").mode == "RGB"


def test_sixteen_bits_a_channel_are_read_as_eight_and_said(tmp_path):
    deep = noise(dtype=np.uint16)
    for name in ("png", "tif"):
        cv2.imwrite(str(tmp_path / f"x.{name}"), deep)
    (tmp_path / "x.ppm").write_bytes(b"P6 53 37 65535\n" + deep.astype(">u2").tobytes())
    (tmp_path / "ten.ppm").write_bytes(b"P6 53 37 1023\n" + (deep >> 6).astype(">u2").tobytes())
    (tmp_path / "words.ppm").write_text(f"P3 53 37 65535\n{' '.join(map(str, deep.ravel()))}")
    Image.fromarray(noise()).save(tmp_path / "x.sgi", bpc=2)
    Image.fromarray(noise(channels=1)).save(tmp_path / "grey.sgi", bpc=2)
    for path in tmp_path.iterdir():
        assert [note.split(",")[0] for note in picture_of(path).notes] == [f"{path} has 16 bits a channel"]


def test_eight_bits_are_not_called_sixteen(tmp_path):
    # 16 stands in the decoders' arguments here: in the bytes a row (2160), an offset (16…), for three channels together
    Image.fromarray(noise(5, 720)).save(tmp_path / "wide.bmp")
    Image.fromarray(noise(63, 64)).save(tmp_path / "offset.tif", compression="tiff_lzw")
    masks = 0xF800, 0x7E0, 0x1F  # 5, 6 and 5 bits for red, green and blue
    head = struct.pack("<2s3I I2i2H6I 3I", b"BM", 74, 0, 66, 40, 2, 2, 1, 16, 3, 8, 0, 0, 0, 0, *masks)
    (tmp_path / "five_six_five.bmp").write_bytes(head + bytes(range(8)))
    (tmp_path / "x.ppm").write_bytes(b"P6 53 37 255\n" + noise().tobytes())
    (tmp_path / "seven.ppm").write_bytes(b"P6 53 37 127\n" + (noise() >> 1).tobytes())
    for name in ("wide.bmp", "five_six_five.bmp", "offset.tif"):
        with Image.open(tmp_path / name) as opened:
            assert "16" in str([tile.args for tile in opened.tile])
    assert [path.name for path in tmp_path.iterdir() if picture_of(path).notes] == []


@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_a_transparent_grey_stays_transparent(tmp_path, bits):
    values = np.random.default_rng(bits).integers(0, 2**bits, (37, 53), dtype=np.uint16)
    clear = values == values[2, 3]
    (tmp_path / "x.png").write_bytes(png(values, bits, (values[2, 3],)))
    picture = picture_of(tmp_path / "x.png")
    assert picture.transparent and (picture.rgb == np.rint(values / (2**bits - 1) * 255)[..., None]).all()
    assert ["16 bits" in note for note in picture.notes] == [True, False][bits < 16 :]
    assert "colours that are stored under them" in picture.notes[-1]
    result = np.asarray(round_trip(picture.filled(PREDICTION, HOLE), ".png"))
    assert (result[..., 1] == np.where(clear & ~HOLE, 0, 255)).all()
    assert (result[~HOLE, 0] == np.rint(values / (2**bits - 1) * 255)[~HOLE]).all()
    # a value that no pixel has makes none transparent, so that 16 bits can stay
    (tmp_path / "x.png").write_bytes(png(np.where(clear, values ^ 1, values), bits, (values[2, 3],)))
    opaque = picture_of(tmp_path / "x.png")
    assert not opaque.transparent and opaque.notes == [] and (opaque.pixels.dtype == np.uint16) == (bits == 16)


def test_floating_point_tiff(tmp_path):
    values = (noise(channels=1) / 255).astype(np.float32)
    picture = picture_of(save(tmp_path / "x.tif", values)).filled(np.full_like(PREDICTION, 51), HOLE)
    back = np.asarray(round_trip(picture, ".tif"))
    assert back.dtype == np.float32
    assert (back[~HOLE] == values[~HOLE]).all() and np.allclose(back[HOLE], 0.2)
    assert round_trip(picture, ".png").mode == "L"


def test_palettes_bits_and_see_through_colours(tmp_path):
    colours = Image.fromarray(noise()).quantize(16)
    colours.save(tmp_path / "p.png")
    shown = np.asarray(colours.convert("RGB"))
    result = round_trip(picture_of(tmp_path / "p.png").filled(PREDICTION, HOLE), ".png")
    assert (np.asarray(result.convert("RGB"))[~HOLE] == shown[~HOLE]).all()
    colours.save(tmp_path / "t.png", transparency=colours.getpixel((0, 0)))
    result = np.asarray(round_trip(picture_of(tmp_path / "t.png").filled(PREDICTION, HOLE), ".png"))
    assert result.shape[2] == 4 and result[0, 0, 3] == 0 and (result[HOLE][:, 3] == 255).all()
    bits = noise(channels=1) > 99
    Image.fromarray(bits).save(tmp_path / "b.png")
    result = np.asarray(round_trip(picture_of(tmp_path / "b.png").filled(PREDICTION, HOLE), ".png"))
    assert (result[~HOLE] == np.where(bits, 255, 0)[~HOLE]).all()


def test_cmyk_becomes_rgb_and_says_so(tmp_path):
    Image.fromarray(noise()).convert("CMYK").save(tmp_path / "x.jpg", icc_profile=b"a profile of four inks")
    picture = picture_of(tmp_path / "x.jpg")
    assert picture.pixels.shape == (37, 53, 3) and "icc_profile" not in picture.keep
    assert len(picture.notes) == 2


@pytest.mark.parametrize("suffix", FORMATS)
def test_exif_profile_and_resolution_are_kept(tmp_path, suffix):
    path = save(tmp_path / "x.jpg", noise(), exif=exif(), icc_profile=b"some profile", dpi=(200, 200))
    result = round_trip(picture_of(path).filled(PREDICTION, HOLE), suffix)
    tags = result.getexif()
    assert tags[Base.Make] == "Maker"
    assert tags.get_ifd(ExifTags.IFD.Exif)[Base.DateTimeOriginal] == "2020:01:02 03:04:05"
    assert tags.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
    assert result.info["icc_profile"] == b"some profile"
    assert suffix == ".webp" or np.allclose([float(each) for each in result.info["dpi"]], 200, atol=0.1)


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        *((Base.ImageWidth, 4032), (Base.ImageLength, 3024), (Base.BitsPerSample, (5, 6, 5)), (Base.Compression, 6)),
        *((Base.PhotometricInterpretation, 6), (Base.SamplesPerPixel, 4), (Base.PlanarConfiguration, 2)),
        *((Base.ExtraSamples, 1), (Base.SampleFormat, (3, 3, 3)), (Base.FillOrder, 2), (Base.Predictor, 2)),
        *((Base.ColorMap, (1, 2, 3)), (Base.RowsPerStrip, 3), (Base.StripByteCounts, 100), (Base.TileWidth, 16)),
        *((Base.YCbCrSubSampling, (2, 1)), (Base.NewSubfileType, 1), (Base.SubIFDs, 300)),
        (Base.InterColorProfile, b"some profile"),
    ],
)
def test_a_camera_s_tags_on_how_pixels_lie_are_not_believed(tmp_path, tag, value):
    tags = exif()
    tags[tag] = value
    picture = picture_of(save(tmp_path / "x.jpg", noise(), exif=tags))
    for suffix in FORMATS:
        write(fitted(picture, suffix, "x"), tmp_path / f"y{suffix}")
        with Image.open(tmp_path / f"y{suffix}") as result:
            assert result.size == (53, 37) and result.getexif()[Base.Make] == "Maker"
            assert result.getexif().get(tag) != value and "icc_profile" not in result.info
        if suffix in LOSSLESS:
            back = cv2.imread(str(tmp_path / f"y{suffix}"), cv2.IMREAD_UNCHANGED)
            assert (back[..., ::-1] == picture.pixels).all()


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_the_sizes_that_a_camera_wrote_are_not_those_of_the_upright_picture(tmp_path, suffix):
    upright, tags = noise(), exif(orientation=6)
    tags[Base.ImageWidth], tags[Base.ImageLength] = 37, 53
    path = save(tmp_path / "x.jpg", np.ascontiguousarray(np.rot90(upright)), exif=tags, quality=100, subsampling=0)
    result = round_trip(picture_of(path).filled(PREDICTION, HOLE), suffix)
    assert result.size == (53, 37)
    assert np.abs(np.asarray(result).astype(int) - upright)[~HOLE].max() <= 8
    assert result.getexif().get(Base.ImageWidth, 53) == 53


def test_every_tag_that_describes_is_kept_and_none_that_points_into_a_tiff(tmp_path):
    described = {Base.HostComputer: "phone", Base.Rating: 4, Base.XPTitle: "Tür".encode("utf-16le"), Base.Artist: "A"}
    for source in ("jpg", "tif"):
        tags = exif()
        for tag, value in described.items():
            tags[tag] = value
        path = save(tmp_path / f"x.{source}", noise(), exif=tags)
        for suffix in FORMATS:
            kept = round_trip(picture_of(path), suffix).getexif()
            for tag, value in described.items():
                private = tag == Base.XPTitle
                assert kept.get(tag) == (None if private and source == "tif" else value)


@pytest.mark.parametrize("source", ["jpg", "png", "tif"])
@pytest.mark.parametrize("orientation", [3, 6])
def test_a_turned_picture_is_upright_and_is_not_turned_again(tmp_path, source, orientation):
    upright = noise()
    stored = np.ascontiguousarray(np.rot90(upright, 2 if orientation == 3 else 1))
    options = {"quality": 100, "subsampling": 0} if source == "jpg" else {}
    path = save(tmp_path / f"x.{source}", stored, exif=exif(orientation), **options)
    picture = picture_of(path)
    assert picture.size == (37, 53)
    result = round_trip(picture.filled(PREDICTION, HOLE), ".png")
    assert Base.Orientation not in result.getexif() and result.getexif()[Base.Make] == "Maker"
    assert np.abs(np.asarray(result).astype(int) - upright)[~HOLE].max() <= (8 if source == "jpg" else 0)


def test_damaged_and_overlong_exif_is_left_out_and_said(tmp_path):
    tag_beyond_the_end = b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\xff\xff\0\0\0\0\0\0"
    for block in (b"Exif\0\0" + tag_beyond_the_end, b"Exif\0\0no TIFF header"):
        picture = picture_of(save(tmp_path / "x.png", noise(), exif=block))
        assert (picture.pixels == noise()).all()
        assert any("EXIF data are damaged" in note for note in picture.notes)
    long = Image.Exif()
    long[Base.ImageDescription] = "x" * 70000
    picture = picture_of(save(tmp_path / "x.png", noise(), exif=long))
    assert len(round_trip(picture, ".png").getexif()[Base.ImageDescription]) == 70000
    assert any("EXIF data are longer" in note for note in fitted(picture, ".jpg", "x").notes)
    assert len(round_trip(picture, ".jpg").getexif()) == 0


def test_a_picture_too_long_for_a_format_is_refused():
    with pytest.raises(LacunaError, match="16384 pixels on its longer side, too many for WEBP"):
        fitted(from_pixels(noise(2, 16384), "x"), ".webp", "x")
    assert round_trip(from_pixels(noise(2, 16384), "x"), ".png").size == (16384, 2)


def test_the_thumbnail_that_still_shows_the_hole_is_left_out(tmp_path):
    thumbnail = io.BytesIO()
    Image.new("RGB", (16, 12), "red").save(thumbnail, "JPEG")
    small = thumbnail.getvalue()
    # one tag in the first directory, then a second directory that holds a JPEG, as cameras write it
    first = (1).to_bytes(2, "little") + bytes.fromhex("12010300010000000100 0000") + (26).to_bytes(4, "little")
    entry = lambda tag, kind, value: b"".join(  # noqa: E731
        (tag.to_bytes(2, "little"), kind.to_bytes(2, "little"), (1).to_bytes(4, "little"), value.to_bytes(4, "little"))
    )
    second = (3).to_bytes(2, "little") + entry(0x0103, 3, 6) + entry(0x0201, 4, 68) + entry(0x0202, 4, len(small))
    block = b"Exif\0\0II*\0" + (8).to_bytes(4, "little") + first + second + bytes(4) + small
    Image.fromarray(noise()).save(tmp_path / "x.jpg", exif=block)
    assert Image.open(tmp_path / "x.jpg").getexif().get_ifd(ExifTags.IFD.IFD1)[0x0202] == len(small)
    result = encoded(fitted(picture_of(tmp_path / "x.jpg").filled(PREDICTION, HOLE), ".jpg", "x"), ".jpg")
    assert small not in result and small in (tmp_path / "x.jpg").read_bytes()


def test_arrays_and_pillow_images():
    for dtype, value in ((np.uint8, 51), (np.uint16, 51 * 257), (np.float32, np.float32(0.2)), (np.float64, 0.2)):
        values = noise() if dtype is np.uint8 else (noise().astype(dtype) * value / 51).astype(dtype)
        result = from_pixels(values, "x").filled(np.full_like(PREDICTION, 51), HOLE).pixels
        assert result.dtype == dtype
        assert (result[~HOLE] == values[~HOLE]).all() and np.allclose(result[HOLE], value)
    image = Image.fromarray(noise())
    image.info["icc_profile"] = b"some profile"
    assert picture_of(image).keep == {"icc_profile": b"some profile"}
    for wrong in (noise(channels=5), noise().astype(np.int64), noise() * 2.0, np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(LacunaError, match="the image cannot be read as a picture"):
            picture_of(wrong)


def test_what_is_no_picture_is_one_sentence(tmp_path):
    whole = encoded(from_pixels(noise(), "x"), ".png")
    for name, content in (("cut.png", whole[: len(whole) // 2]), ("text.png", b"no picture"), ("empty.jpg", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(LacunaError, match=f"{name} cannot be read as a picture") as error:
            picture_of(tmp_path / name)
        assert "\n" not in str(error.value)


def test_a_picture_beyond_all_measure_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 900)
    with pytest.raises(LacunaError, match="has more than 1,800 pixels, too many at once; cut it into parts"):
        picture_of(save(tmp_path / "x.png", noise()))
    assert picture_of(save(tmp_path / "x.png", noise(30, 50))).size == (30, 50)  # large, but as the user wants it


def test_a_picture_of_pictures_says_which_was_read(tmp_path):
    frames = [Image.fromarray(noise(seed=i)) for i in range(3)]
    frames[0].save(tmp_path / "x.webp", save_all=True, append_images=frames[1:], lossless=True)
    picture = picture_of(tmp_path / "x.webp")
    assert (picture.pixels[..., :3] == noise(seed=0)).all()
    assert any("3 pictures" in note for note in picture.notes)


def test_what_cannot_be_encoded_is_one_sentence(tmp_path):
    # a PNG holds pixels a metre in 32 bits, a TIFF fractions of an inch
    picture = picture_of(save(tmp_path / "x.tif", noise(), dpi=(2**32 - 1, 2**32 - 1)))
    with pytest.raises(LacunaError, match=r"y\.png cannot be written as PNG \(.+\); choose another format") as error:
        write(picture, tmp_path / "y.png")
    assert "\n" not in str(error.value) and not (tmp_path / "y.png").exists()
    assert (np.asarray(round_trip(picture, ".tif")) == noise()).all()


def test_files_are_whole_or_absent(tmp_path):
    picture = from_pixels(noise(), "x")
    write(picture, tmp_path / "x.png")
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]
    with pytest.raises(LacunaError, match="cannot be written"):
        write(picture, tmp_path / "x.png" / "y.png")
    with pytest.raises(LacunaError, match=r"x\.gif has no suffix that is known"):
        format_of(tmp_path / "x.gif")
