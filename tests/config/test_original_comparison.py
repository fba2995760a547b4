"""config/paper.yaml reads the folders as the original comparison's document lays them out."""

from lacuna.config import validate
from lacuna.config.reading import read_config
from lacuna.data.masks.building import make_masks
from lacuna.data.staging import stage
from tests.data.pictures import snapshot
from tests.data.test_archives import png
from tests.data.test_masks import given_folder

TRAINING = ("place2_train", "place2_val", "celeba_train", "celeba_val")
PLACES = ("place2_church_indoor_test", "place2_church_outdoor_test")
TESTS = ("celeba_test", "FFHQ_test", "paris_test", *PLACES, "Shunghaitech_test")


def test_budgets_pairs_and_saves_are_those_of_the_document():
    """TFill's 40,000 + 5,000 are pictures, which its loop counts by the batch."""
    config = read_config("config/paper.yaml")
    budgets = {label: entry["training"] for label, entry in config["systems"].items() if entry}
    shown = ("iterations", "batch_size", "checkpoint_every")
    assert {label: tuple(each[key] for key in shown) for label, each in budgets.items()} == {
        "madf": (5000, 4, 1000),
        "aotgan": (5000, 4, 500),
        "tfill": ((40_000 + 5_000) // 8, 8, 5_000 // 8),
    }
    first_falling = [step for step in range(5625) if step / 5625 > budgets["tfill"]["decay_from"]][0]
    assert first_falling == 40_000 // 8 + 1
    counts = {name: entry["count"] for name, entry in config["image_sets"].items()}
    of = {"train": 1000, "val": 500, "test": 300}
    assert counts == {name: of[name.rpartition("_")[2]] for name in counts}
    pairing = {name: entry.get("pairing", "drawn") for name, entry in config["mask_sets"].items()}
    assert pairing == {"train_mask": "drawn", "val_mask": "by_order", "test_mask": "by_order"}


def test_every_folder_is_named_as_in_the_document(tmp_path, monkeypatch):
    config = read_config("config/paper.yaml")
    validate(config)
    paths = {entry["path"] for kind in ("image_sets", "mask_sets") for entry in config[kind].values()}
    assert paths == {
        *(f"data/{name}" for name in (*TRAINING, "train_mask", "val_mask")),
        *(f"test/{name}" for name in (*TESTS, "test_mask")),
    }
    monkeypatch.chdir(tmp_path)
    (tmp_path / "test" / "paris_test").mkdir(parents=True)
    for level in range(3):
        (tmp_path / "test" / "paris_test" / f"paris_{level}.png").write_bytes(png(level))
    given_folder(tmp_path / "test" / "test_mask", number=3)
    before = snapshot(tmp_path / "test")
    common = {"seed": config["seed"], "image_size": [24, 20]}
    images = common | config["image_sets"]["paris_test"] | {"name": "paris_test", "count": 3, "crop": "center"}
    assert stage(images, tmp_path / "images/index.csv")["n"] == 3
    masks = common | config["mask_sets"]["test_mask"] | {"name": "test_mask", "bins": 6}
    assert make_masks(masks, tmp_path / "masks/index.csv")["n"] == 3
    assert snapshot(tmp_path / "test") == before
