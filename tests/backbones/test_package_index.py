import io
import os
import tarfile

import pytest

from lacuna.backbones.package_index import download
from lacuna.errors import LacunaError


@pytest.fixture
def index(tmp_path, monkeypatch):
    """The only index that pip knows: a folder with a source distribution that leaves a trace when it is run."""
    folder = tmp_path / "index"
    folder.mkdir()
    setup = f"open({str(tmp_path / 'it ran')!r}, 'w').close()\nimport setuptools; setuptools.setup(name='tiny_thing')"
    with tarfile.open(folder / "tiny_thing-1.0.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("tiny_thing-1.0/setup.py")
        info.size = len(setup)
        archive.addfile(info, io.BytesIO(setup.encode()))
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_a_source_distribution_is_downloaded_and_its_setup_does_not_run(index, tmp_path):
    download("tiny-thing==1.0", "tiny_thing-1.0.tar.gz", tmp_path / "here.tar.gz")
    assert (tmp_path / "here.tar.gz").read_bytes() == (index / "tiny_thing-1.0.tar.gz").read_bytes()
    assert not (tmp_path / "it ran").exists()


def test_a_file_that_no_index_has_is_one_sentence(index, tmp_path):
    with pytest.raises(LacunaError, match=r"no index that pip can reach has tiny_thing-2\.0\.tar\.gz") as caught:
        download("tiny-thing==2.0", "tiny_thing-2.0.tar.gz", tmp_path / "here.tar.gz")
    assert "\n" not in str(caught.value)
