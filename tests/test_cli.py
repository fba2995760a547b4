import importlib.metadata
import shlex
import tomllib
from pathlib import Path

import pytest

import lacuna
from lacuna.cli import build_parser, command_modules, main
from tests.steps import run_step


def test_every_command_explains_itself(capsys):
    for name in command_modules():
        with pytest.raises(SystemExit) as done:
            main([name, "--help"])
        assert done.value.code == 0
        assert "--" in capsys.readouterr().out


def test_help_ends_with_an_example_that_the_command_takes(capsys):
    for name, module in command_modules().items():
        example = importlib.import_module(module).EXAMPLE
        words = shlex.split(example)
        assert words[0] == name and build_parser(name).parse_args(words)
        with pytest.raises(SystemExit):
            main([name, "--help"])
        assert f"example: lacuna {example}" in " ".join(capsys.readouterr().out.split())


def test_an_error_is_one_sentence_and_a_non_zero_exit(capsys, tmp_path):
    given = {"images": tmp_path / "none.csv", "masks": tmp_path / "none.csv"}
    assert run_step("pair", {"name": "a", "mode": "paired", "seed": 1}, given, {"list": tmp_path / "x"}) == 1
    error = capsys.readouterr().err
    assert error.startswith("lacuna step pair: ") and "none.csv" in error
    assert len(error.strip().splitlines()) == 1


def test_the_version_is_the_package_s(capsys):
    with pytest.raises(SystemExit) as done:
        main(["--version"])
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    assert done.value.code == 0 and capsys.readouterr().out == f"lacuna {project['version']}\n"
    assert lacuna.__version__ == project["version"]


def test_help_needs_no_installed_package(capsys, monkeypatch):
    def lacking(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", lacking)
    with pytest.raises(SystemExit) as done:
        main(["--help"])
    assert done.value.code == 0 and "inpaint" in capsys.readouterr().out


def test_control_characters_and_broken_letters_are_spelt_out(capsys, tmp_path):
    name = str(tmp_path / "none\x1b[1m\udc80\n.csv")
    assert main(["metrics", "--markdown", "--parity", name]) == 1
    error = capsys.readouterr().err
    assert "none\\x1b[1m\\udc80\\n.csv" in error and error.rstrip("\n").isprintable()


@pytest.mark.parametrize("words", [["bench", "score", "--repeats=0"], ["bench", "score", "--images=-3"]])
def test_numbers_of_things_are_at_least_one(words, capsys):
    with pytest.raises(SystemExit):
        main(words)
    assert "is not a whole number of at least 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("{", "--job is not valid JSON"), ("[1]", "--job lacks 'settings'"), ("{}", "--job lacks 'settings'")],
)
def test_a_job_is_a_json_object_with_settings_and_paths(text, sentence, capsys):
    assert main(["step", "stage", "--job", text]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"lacuna step stage: {sentence}") and error.count("\n") == 1


@pytest.mark.parametrize("step", ["stage", "make_masks"])
def test_settings_that_lack_something_are_one_sentence(step, capsys, tmp_path):
    assert run_step(step, {}, {}, {"index": tmp_path / "set/index.csv"}) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"lacuna step {step}: the settings lack '") and error.count("\n") == 1


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
    assert run_step("make_masks", settings, {}, {"index": tmp_path / "file/set/index.csv"}) == 1
    error = capsys.readouterr().err
    assert error.startswith("lacuna step make_masks: ") and "file/set cannot be used (Not a directory)" in error


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            OSError(28, "No space left on device", "results/a.csv"),
            "no space is left on the disk mounted at / for results/",
        ),
        (
            OSError(28, "No space left on device"),
            "no space is left on the disk mounted at / for what this command writes",
        ),
        (OSError("unexpected\nend"), "the system refused to read or write (unexpected end); check the disk"),
        (PermissionError(13, "Permission denied", "a.csv"), "a.csv cannot be used (Permission denied); correct"),
    ],
)
def test_no_error_of_the_system_leaves_a_traceback(error, sentence, monkeypatch, capsys):
    def refuse(args):
        raise error

    monkeypatch.setattr("lacuna.commands.metrics.run", refuse)
    monkeypatch.setattr("os.path.ismount", lambda path: str(path) == "/")
    assert main(["metrics"]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"lacuna metrics: {sentence}") and said.count("\n") == 1


def test_a_job_that_is_no_training_uses_one_gpu_at_most(capsys):
    with pytest.raises(SystemExit):
        main(["step", "predict", "--gpus", "2"])
    assert "argument --gpus: invalid choice: 2" in capsys.readouterr().err


def test_a_training_is_given_as_many_gpus_as_it_has_devices(capsys, monkeypatch):
    monkeypatch.setattr("lacuna.commands.step.make", lambda job, stage, gpus, threads: print(stage, gpus))
    words = ["step", "train", "--job", '{"settings": {}, "inputs": {}, "outputs": {"weights": ["w"]}}', "--gpus"]
    assert main([*words, "2"]) == 0
    assert capsys.readouterr().out == "train 2\n"
    with pytest.raises(SystemExit):
        main([*words, "-1"])
    assert "argument --gpus: '-1' is not a whole number of at least 0" in capsys.readouterr().err
