"""Check that no photograph is in both a training set and an evaluation set, and look for near duplicates."""

from lacuna.data.near_duplicates import near_duplicates
from lacuna.data.splits import check_splits
from lacuna.files import write_json


def run(task) -> None:
    indexes = task.files("training"), task.files("evaluation")
    splits = check_splits(*indexes)
    near = splits["near"] = near_duplicates(*indexes, task.threads)
    write_json(task.out("splits"), splits)
    print(f"no photograph of {len(splits['training'])} training sets is in {len(splits['evaluation'])} evaluation sets")
    if near["number"]:
        print(
            f"warning: {near['number']} photographs of training look like one of an evaluation set "
            f"({near['limit']} of 64 bits of a perceptual hash may differ); the report shows the nearest"
        )
