"""One list of formats and suffixes, and no decoder that starts another program."""

import os

import numpy as np
import pytest
from PIL import Image

from lacuna.cli import main
from lacuna.data.decoding import UNREADABLE, decode, upright_size
from lacuna.data.formats import FORMATS, SUFFIXES, SUFFIXES_OF
from tests.steps import run_step

from .pictures import asymmetric

STAGED = {"name": "t", "kind": "folder", "crop": "center", "seed": 0, "image_size": 9}

# What Pillow knows and does not decode by itself, or only writes.
LEFT_OUT = {"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG", "SPIDER", "IPTC", "PDF", "PALM"}


def test_every_suffix_of_pillow_is_in_the_list_or_left_out_by_intent():
    Image.init()
    known = {suffix for suffix, name in Image.registered_extensions().items() if name not in LEFT_OUT}
    assert known - SUFFIXES == set()
    assert {
        Image.registered_extensions().get(s, name) for name, some in SUFFIXES_OF.items() for s in some
    } & LEFT_OUT == set()
    assert set(FORMATS) <= set(Image.OPEN)


@pytest.mark.parametrize("suffix", ["jfif", "jpe", "jif", "mpo", "dib", "j2k", "apng", "qoi", "dds", "PNG", ""])
def test_what_pillow_reads_is_read_and_staged(tmp_path, suffix):
    kinds = {"jif": "JPEG", "": "PNG", "PNG": "PNG", "apng": "PNG"}
    (tmp_path / "photos/more").mkdir(parents=True)
    path = tmp_path / "photos/more" / (f"x.{suffix}" if suffix else "x")
    Image.fromarray(asymmetric()).save(path, kinds.get(suffix) or Image.registered_extensions()[f".{suffix}"])
    lossy = suffix in ("jfif", "jpe", "jif", "mpo", "j2k")
    assert np.abs(np.asarray(decode(path)[0]).astype(int) - asymmetric()).mean() <= (8 if lossy else 0)
    settings = STAGED | {"path": f"{tmp_path}/photos"}
    assert run_step("stage", settings, {}, {"index": tmp_path / "set/index.csv"}) == 0
    assert (tmp_path / "set/0000.png").exists()


def test_postscript_called_a_picture_starts_no_program(tmp_path, monkeypatch, capsys):
    program = tmp_path / "bin/gs"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/STARTED\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    (tmp_path / "photos").mkdir()
    photo = tmp_path / "photos/photo.png"
    photo.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n")
    for read in (decode, upright_size):
        with pytest.raises(UNREADABLE):
            read(photo)
    settings = STAGED | {"path": f"{tmp_path}/photos"}
    assert run_step("stage", settings, {}, {"index": tmp_path / "set/index.csv"}) == 1
    assert "photo.png" in (tmp_path / "set/quarantine.csv").read_text()
    Image.new("L", (9, 9), 255).save(tmp_path / "mask.png")
    for image, mask in ((photo, tmp_path / "mask.png"), (tmp_path / "mask.png", photo)):
        assert main(["inpaint", str(image), str(mask), "-o", str(tmp_path / "out.png"), "--system", "telea"]) == 1
    assert "cannot be read as a picture" in capsys.readouterr().err
    assert not (tmp_path / "STARTED").exists()
