"""Training and evaluation share no photograph."""

import pytest

from lacuna.data.splits import check_splits
from lacuna.errors import LacunaError
from lacuna.files import read_json, write_rows
from tests.steps import run_step


def index(folder, **contents):
    write_rows(
        folder / "index.csv",
        [{"origin": origin, "origin_sha256": sha256} for origin, sha256 in contents.items()],
        ["origin", "origin_sha256"],
    )
    return folder / "index.csv"


def test_disjoint_sets_pass(tmp_path):
    train, test = index(tmp_path / "train", cat="1", dog="2"), index(tmp_path / "test", cat="3")
    given = {"training": train, "evaluation": test}
    assert run_step("check_splits", {}, given, {"splits": tmp_path / "splits.json"}) == 0
    assert read_json(tmp_path / "splits.json") == {"training": {"train": 2}, "evaluation": {"test": 1}, "shared": 0}


def test_a_shared_photograph_is_named_with_both_sets(tmp_path):
    train = [index(tmp_path / "train", cat="1", dog="2"), index(tmp_path / "train_too", cow="4")]
    test = [index(tmp_path / "test", bird="3"), index(tmp_path / "other_test", renamed_cow="4")]
    with pytest.raises(LacunaError, match="renamed_cow is in the training set train_too and .* set other_test"):
        check_splits(train, test)


def test_sets_of_one_name_do_not_hide_each_other(tmp_path):
    train = [index(tmp_path / "a/train", cat="1"), index(tmp_path / "b/train", dog="2")]
    with pytest.raises(LacunaError, match="two of the sets are called 'train' .*b/train/index.csv"):
        check_splits(train, [index(tmp_path / "c/test", cat="1")])
