"""Check that no photograph is in both a training set and an evaluation set."""

from lacuna.data.splits import check_splits
from lacuna.files import write_json


def run(task) -> None:
    splits = check_splits(task.files("training"), task.files("evaluation"))
    write_json(task.out("splits"), splits)
    print(f"no photograph of {len(splits['training'])} training sets is in {len(splits['evaluation'])} evaluation sets")
