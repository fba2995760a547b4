"""The runtime: what the lock file says, and what is said where npm is not there or refuses."""

import hashlib
import json
import os

import pytest

from lacuna.cli import main
from lacuna.errors import LacunaError
from lacuna.files import sha256_of
from lacuna.studio.assembling import copy
from lacuna.studio.web_runtime import FILES, LOCK_FOLDER, NOTICES, PACKAGE, fetch, read_record, version


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """`npm(script)`: nothing but this npm is in the search path."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(script: str) -> None:
        (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "npm").chmod(0o755)

    return put


def test_every_package_is_locked_by_its_hash_and_no_registry_is_named():
    lock = json.loads((LOCK_FOLDER / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert len(packages) > 5
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert "://" not in json.dumps(lock)
    wanted = json.loads((LOCK_FOLDER / "package.json").read_text())["dependencies"]
    assert wanted == {"onnxruntime-web": version()}


def test_what_is_fetched_is_whole_and_has_its_licence(runtime):
    record = read_record(runtime)
    assert record["version"] == version()
    assert set(record["files"]) == {*FILES, *NOTICES}
    assert {name: sha256_of(runtime / name) for name in record["files"]} == record["files"]
    assert "MIT License" in (runtime / "LICENSE").read_text()


def test_without_npm_the_reason_is_said_and_nothing_is_written(npm, tmp_path):
    with pytest.raises(LacunaError, match="is installed with npm, which is missing here; install Node.js with npm"):
        fetch(tmp_path / "runtime")
    assert not (tmp_path / "runtime").exists()


def test_what_npm_complains_of_is_passed_on(npm, tmp_path, capsys):
    npm("echo 'npm error code EINTEGRITY' >&2; echo 'npm error sha512-abc= integrity failed' >&2; exit 1")
    assert main(["fetch-web-runtime", "--output", str(tmp_path / "runtime")]) == 1
    assert "(code EINTEGRITY; sha512-abc= integrity failed)" in capsys.readouterr().err
    assert not (tmp_path / "runtime").exists()
    assert main(["fetch-web-runtime", "--optional", "--output", str(tmp_path / "runtime")]) == 0
    record = read_record(tmp_path / "runtime")
    assert record["available"] is False
    assert "EINTEGRITY" in record["reason"]
    assert os.listdir(tmp_path / "runtime") == ["record.json"]  # noqa: PTH208 - names are what is meant


def brings(text: str, *names: str) -> str:
    """A script for `npm` that makes a package whose files, of these names, say `text`."""
    package = f"node_modules/{PACKAGE}"
    facts = json.dumps({"version": version(), "license": "MIT"})
    lines = [f"/bin/mkdir -p {package}/dist", f"echo '{facts}' > {package}/package.json"]
    return "\n".join(lines + [f"echo {text} > {package}/dist/{name}" for name in names])


def contents(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_studios_that_are_made_keep_the_files_of_an_older_runtime(npm, tmp_path):
    npm(brings("old", *FILES))
    fetch(tmp_path / "runtime")
    older = contents(tmp_path / "runtime")
    for name in older:
        copy(tmp_path / "runtime" / name, tmp_path / "studio" / name)  # as `assemble` does
    npm(brings("new", *FILES))
    record = fetch(tmp_path / "runtime")
    assert contents(tmp_path / "studio") == older
    assert (tmp_path / "runtime" / FILES[1]).read_text() == "new\n"
    assert record["files"][FILES[1]] == hashlib.sha256(b"new\n").hexdigest()
    assert set(contents(tmp_path / "runtime")) == set(older)


def test_a_package_that_lacks_a_file_leaves_the_runtime_as_it_was(npm, tmp_path):
    npm(brings("old", *FILES))
    fetch(tmp_path / "runtime")
    before = contents(tmp_path / "runtime")
    npm(brings("new", *FILES[:2], *FILES[3:]))
    with pytest.raises(LacunaError, match=rf"{PACKAGE} {version()} has no file {FILES[2]}, which .*; install another"):
        fetch(tmp_path / "runtime")
    assert contents(tmp_path / "runtime") == before
    with pytest.raises(LacunaError, match="has no file"):
        fetch(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_an_npm_that_cannot_be_executed_is_one_sentence(npm, tmp_path):
    npm("")
    (tmp_path / "programs/npm").write_bytes(b"\x7fELF no program")
    with pytest.raises(LacunaError, match=r"npm cannot be run here \(Exec format error\); install Node"):
        fetch(tmp_path / "runtime")
    assert main(["fetch-web-runtime", "--optional", "--output", str(tmp_path / "runtime")]) == 0
    assert "npm cannot be run here" in read_record(tmp_path / "runtime")["reason"]


def test_a_file_that_has_gone_is_noticed(tmp_path):
    (tmp_path / "record.json").write_text('{"available": true, "files": {"ort.wasm": "00"}}')
    with pytest.raises(LacunaError, match=r"has no ort\.wasm; run 'lacuna fetch-web-runtime"):
        read_record(tmp_path)
