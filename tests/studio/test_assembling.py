"""The studio's folder: what lies in it, what its data say, what is refused."""

import json
import re

import pytest

from lacuna.errors import LacunaError
from lacuna.studio import web_runtime
from lacuna.studio.assembling import STATIC, assemble
from tests.studio.made_up import make_run


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "results"
    return folder, make_run(folder)


@pytest.fixture
def without_runtime(tmp_path):
    web_runtime.do_without(tmp_path / "none", "npm is not installed here")
    return tmp_path / "none"


@pytest.fixture
def pretended_runtime(tmp_path):
    """A runtime that is there, with other bytes."""
    folder = tmp_path / "pretended"
    folder.mkdir()
    files = {}
    for name in (*web_runtime.FILES, *web_runtime.NOTICES):
        (folder / name).write_text(name)
        files[name] = ""
    record = {"available": True, "package": "onnxruntime-web", "version": "9.9.9", "licence": "MIT", "files": files}
    (folder / "record.json").write_text(json.dumps(record))
    return folder


def test_everything_that_the_data_name_lies_beside_the_page(run, pretended_runtime):
    folder, settings = run
    data = assemble(settings, folder, pretended_runtime, folder / "studio")
    assert json.loads((folder / "studio/models.json").read_text()) == data
    assert [system["title"] for system in data["systems"]] == [
        "Local mean, trained on Scenes",
        "Wider local mean, trained on Scenes",
    ]
    for system in data["systems"]:
        exported = folder / "export" / system["id"] / "end_to_end.onnx"
        assert (folder / "studio" / system["file"]).read_bytes() == exported.read_bytes()
        assert system["bytes"] == exported.stat().st_size
    lines = [line.split("\t") for line in (folder / "lists/rockets.txt").read_text().splitlines()]
    assert len(data["tests"]) == 2
    for test, (image, mask) in zip(data["tests"], lines[:2], strict=True):
        for kind, path in (("image", image), ("mask", mask)):
            assert (folder / "studio" / test[kind]).samefile(path), "on one disk nothing is copied"
    assert "Refused, trained on Scenes: ONNX has no operator 'made_up'" in data["about"]
    assert "not in the browser: Telea." in data["about"]
    assert "onnxruntime-web 9.9.9 (MIT" in data["about"]
    assert {path.name for path in (folder / "studio/runtime").iterdir()} == {
        path.name for path in pretended_runtime.iterdir()
    }


def test_every_module_that_the_page_imports_is_there():
    names = {path.name for path in STATIC.iterdir()}
    for path in STATIC.glob("*.js"):
        text = path.read_text()
        for name in re.findall(r'(?:from "\./|URL\(")([a-z]+\.js)"', text):
            assert name in names, f"{path.name} imports {name}"
    assert set(re.findall(r'(?:src|href)="([a-z]+\.(?:js|css))"', (STATIC / "index.html").read_text())) <= names


def test_no_file_of_the_page_names_another_host():
    for path in STATIC.iterdir():
        assert "//" not in re.sub(r"^\s*//.*$|[;,{] +//.*$", "", path.read_text(), flags=re.MULTILINE), path.name


def test_without_the_runtime_the_page_says_why_and_offers_nothing(run, without_runtime):
    folder, settings = run
    data = assemble(settings, folder, without_runtime, folder / "studio")
    assert data["systems"] == []
    assert data["notice"] == "Nothing can be filled here: when this page was made, npm is not installed here."
    assert not (folder / "studio/runtime").exists()


def test_a_missing_graph_leaves_the_older_studio_as_it_was(run, without_runtime):
    folder, settings = run
    assemble(settings, folder, without_runtime, folder / "studio")
    before = {path: path.stat().st_ino for path in (folder / "studio").rglob("*")}
    (folder / "export/near/scenes/end_to_end.onnx").unlink()
    with pytest.raises(LacunaError, match=r"near/scenes/end_to_end\.onnx does not exist"):
        assemble(settings, folder, without_runtime, folder / "studio")
    assert {path: path.stat().st_ino for path in (folder / "studio").rglob("*")} == before
    assert not list(folder.glob(".studio*"))


def test_somebody_elses_folder_is_not_replaced(run, without_runtime):
    folder, settings = run
    (folder / "studio").mkdir()
    (folder / "studio/holiday.jpg").touch()
    with pytest.raises(LacunaError, match="it is not a studio"):
        assemble(settings, folder, without_runtime, folder / "studio")
    assert (folder / "studio/holiday.jpg").exists()


def test_a_file_is_not_replaced(run, without_runtime):
    folder, settings = run
    (folder / "studio").write_text("mine")
    with pytest.raises(LacunaError, match="studio would be replaced, but it is not a studio; name another folder"):
        assemble(settings, folder, without_runtime, folder / "studio")
    assert (folder / "studio").read_text() == "mine"
