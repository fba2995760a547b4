import json
import tomllib
from pathlib import Path

import pytest

import lacuna
from lacuna.cli import command_modules, main


def test_every_command_explains_itself(capsys):
    for name in command_modules():
        with pytest.raises(SystemExit) as done:
            main([name, "--help"])
        assert done.value.code == 0
        assert "--" in capsys.readouterr().out


def test_an_error_is_one_sentence_and_a_non_zero_exit(capsys, tmp_path):
    arguments = ["--images", str(tmp_path / "none.csv"), "--masks", str(tmp_path / "none.csv"), "--output", "x"]
    assert main(["pair", "--settings", '{"name":"a","mode":"paired","seed":1}', *arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith("lacuna pair: ") and "none.csv" in error
    assert len(error.strip().splitlines()) == 1


def test_the_version_is_the_package_s(capsys):
    with pytest.raises(SystemExit) as done:
        main(["--version"])
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    assert done.value.code == 0 and capsys.readouterr().out == f"lacuna {project['version']}\n"
    assert lacuna.__version__ == project["version"]


def test_control_characters_and_broken_letters_are_spelt_out(capsys, tmp_path):
    name = str(tmp_path / "none\x1b[1m\udc80\n.csv")
    arguments = ["--images", name, "--masks", name, "--output", "x"]
    assert main(["pair", "--settings", '{"name":"a","mode":"paired","seed":1}', *arguments]) == 1
    error = capsys.readouterr().err
    assert "none\\x1b[1m\\udc80\\n.csv" in error and error.rstrip("\n").isprintable()


@pytest.mark.parametrize("words", [["bench", "score", "--repeats=0"], ["bench", "score", "--images=-3"]])
def test_numbers_of_things_are_at_least_one(words, capsys):
    with pytest.raises(SystemExit):
        main(words)
    assert "is not a whole number of at least 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("{", "--settings is no JSON"), ("[1]", "write names and values"), ("7", "write names and values")],
)
def test_settings_are_a_json_object(text, sentence, capsys):
    assert main(["stage", "--settings", text, "--output", "x/index.csv"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("lacuna stage: --settings is ") and sentence in error and error.count("\n") == 1


@pytest.mark.parametrize("command", ["stage", "make-masks"])
def test_settings_that_lack_something_are_one_sentence(command, capsys, tmp_path):
    assert main([command, "--settings", "{}", "--output", str(tmp_path / "set/index.csv")]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"lacuna {command}: --settings lacks '") and error.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_one_sentence(capsys, tmp_path):
    (tmp_path / "file").write_text("x")
    settings = {
        "name": "m",
        "kind": "boxes",
        "image_size": 16,
        "count": 1,
        "coverage": [0.1, 0.5],
        "bins": 1,
        "seed": 1,
    }
    assert (
        main(["make-masks", "--settings", json.dumps(settings), "--output", str(tmp_path / "file/set/index.csv")]) == 1
    )
    error = capsys.readouterr().err
    assert error.startswith("lacuna make-masks: ") and "file/set cannot be used (Not a directory)" in error
