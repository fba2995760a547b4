"""Which jobs of a SLURM belong to a folder; `squeue` is a script here (a real one: tests/workflow/test_slurm.py)."""

from pathlib import Path

import pytest

from lacuna.left_behind import left_behind


@pytest.fixture
def answer(tmp_path, monkeypatch):
    """`answer(text)`: what squeue prints from now on."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def say(text: str) -> None:
        (folder / "answer").write_text(text)
        script = folder / "squeue"
        script.write_text(f"#!/bin/sh\ncat {folder}/answer\n")
        script.chmod(0o755)

    return say


def test_a_machine_without_slurm_has_none(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert left_behind(tmp_path) == ""


def test_jobs_of_this_folder_that_snakemake_sent_are_named(tmp_path, answer):
    here = tmp_path / "a | b"
    here.mkdir()
    (tmp_path / "link").symlink_to(here)
    rows = [
        "CLUSTER: one",
        f"7|rule_train_wildcards_aotgan_place2|{here}",
        f"8|(null)|{here}",
        f"9|rule_stage|{tmp_path / 'link'}",
        f"10|rule_stage|{tmp_path}",
    ]
    answer("\n".join(rows) + "\n")
    assert left_behind(here) == (
        "SLURM has jobs 7, 9 of an earlier Snakemake in this folder; "
        "wait until the queue is empty, or 'scancel 7 9', then run this again"
    )
    assert " job 10 " in left_behind(tmp_path)


@pytest.mark.parametrize("said", ["", "slurm_load_jobs error: Unable to contact slurm controller\n"])
def test_a_queue_that_is_empty_or_does_not_answer_stops_nobody(answer, said):
    answer(said)
    assert left_behind(Path.cwd()) == ""
