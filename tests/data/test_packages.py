"""Pictures of packages are found without importing, inside the package, and installed."""

import sys

import pytest

from lacuna.data.packages import files_of_packages, package_file
from lacuna.errors import LacunaError
from lacuna.plan import Plan

SPEC = "skimage:data/chelsea.png"


def test_an_installed_picture_is_found_without_importing_its_package():
    found = package_file("sklearn.datasets:images/china.jpg")
    assert found.path.is_file() and found.name == "sklearn.datasets:images/china.jpg" and found.items is None
    assert package_file("skimage:data/lfw_subset.npy[3:7]").items == (3, 7)


@pytest.mark.parametrize("spec", ["evil:y.png", "evil.x:y.png", "evil.x.z:y.png"])
def test_the_working_directory_is_no_package(tmp_path, monkeypatch, spec):
    (tmp_path / "evil/x").mkdir(parents=True)
    for folder in (tmp_path / "evil", tmp_path / "evil/x"):
        (folder / "__init__.py").write_text(f"open({str(tmp_path / 'IMPORTED')!r}, 'w')\n")
        (folder / "y.png").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), *sys.path])
    with pytest.raises(LacunaError, match="not installed"):
        package_file(spec)
    assert not (tmp_path / "IMPORTED").exists()


@pytest.mark.parametrize("path", ["../x.png", "data/../../x.png", "/etc/x.png"])
def test_no_path_leads_out_of_the_package(path):
    with pytest.raises(LacunaError, match="leads out of its package"):
        package_file(f"skimage:{path}")
    with pytest.raises(LacunaError, match="leads out of its package"):
        files_of_packages([f"skimage:{path}"])


def test_the_plan_knows_the_contents_of_packages(tmp_path, monkeypatch):
    package = tmp_path / "site-packages/pictures"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('imported')\n")
    (package / "a.png").write_bytes(b"one")
    monkeypatch.setattr(sys, "path", [*sys.path, str(package.parent)])
    plan = object.__new__(Plan)
    plan.cache_folder = tmp_path / "cache"
    entry = {"images": ["pictures:a.png"]}
    before = plan._content(entry, "photographs")
    assert before == plan._content(entry, "photographs") != {}
    (package / "a.png").write_bytes(b"another")
    assert plan._content(entry, "photographs") != before
