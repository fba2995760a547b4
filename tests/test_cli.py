import pytest

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


@pytest.mark.parametrize("words", [["bench", "score", "--repeats=0"], ["bench", "score", "--images=-3"]])
def test_numbers_of_things_are_at_least_one(words, capsys):
    with pytest.raises(SystemExit):
        main(words)
    assert "is not a whole number of at least 1" in capsys.readouterr().err
