"""Features into a file, and scores of sets from files."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lacuna.errors import LacunaError
from lacuna.files import write_rows
from lacuna.metrics.features import Features, read_features, write_features
from lacuna.metrics.per_set import SET_METRICS
from lacuna.metrics.set_scoring import COLUMNS, set_rows
from tests.steps import run_step

SETTINGS = {"system": "telea", "source": "untrained", "test_set": "paris_test"}
ASKED = {"system": "telea", "source": "untrained", "test_sets": ["paris_test"]}


def features(n=12, seed=0, images="same", shift=0.0):
    random = np.random.default_rng(seed)
    values = {"raw": random.random((n, 20)) + shift, "composite": random.random((n, 20))}
    return Features(
        {kind: array.astype(np.float32) for kind, array in values.items()}, dict(SETTINGS), images, list(range(n))
    )


def truth(n=12, images="same"):
    return Features(
        {"truth": np.random.default_rng(9).random((n, 20)).astype(np.float32)},
        {"test_set": "t"},
        images,
        list(range(n)),
    )


def test_a_row_for_every_prediction_and_metric():
    settings = SETTINGS | {"metrics": list(SET_METRICS)}
    rows = pd.DataFrame(set_rows(settings, features(shift=0.5), truth()))
    assert list(rows.columns) == COLUMNS
    assert len(rows) == 2 * len(SET_METRICS) and not rows.duplicated(["prediction", "metric"]).any()
    assert set(rows.n) == {12}
    assert rows.set_index("metric").flag.to_dict() == {"fid": "small-n", "kid": "", "u_ids": "", "p_ids": ""}
    values = rows.set_index(["prediction", "metric"]).value
    assert values["raw", "fid"] > values["composite", "fid"] + 2
    assert rows[rows.metric == "fid"].standard_error.isna().all()
    assert rows[rows.metric != "fid"].standard_error.notna().all()


def test_other_images_too_few_images_and_unknown_metrics_are_refused():
    settings = SETTINGS | {"metrics": ["u_ids"]}
    with pytest.raises(LacunaError, match="not of the same images"):
        list(set_rows(settings, features(), truth(images="others")))
    with pytest.raises(LacunaError, match="U-IDS needs at least 10 images, but test set paris_test has 9"):
        list(set_rows(settings, features(9), truth(9)))
    with pytest.raises(LacunaError, match="did you mean 'fid'"):
        list(set_rows(SETTINGS | {"metrics": ["fids"]}, features(), truth()))
    with pytest.raises(LacunaError, match="holds features of composite, raw, not of truth"):
        list(set_rows(settings, features(), features()))


def test_the_command_reads_files_and_writes_both_formats(tmp_path):
    write_features(tmp_path / "a.safetensors", features())
    write_features(tmp_path / "b.safetensors", truth())
    for name in ("rows.csv", "rows.parquet", "again.parquet"):
        given = {"features": tmp_path / "a.safetensors", "reference": tmp_path / "b.safetensors"}
        assert run_step("score_set", ASKED | {"metrics": ["fid", "kid"]}, given, {"scores": tmp_path / name}) == 0
    rows = pd.read_parquet(tmp_path / "rows.parquet")
    assert (tmp_path / "rows.parquet").read_bytes() == (tmp_path / "again.parquet").read_bytes()
    assert list(rows.columns) == COLUMNS and len(rows) == 4
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "rows.csv", keep_default_na=False, na_values={"standard_error": ""}),
        rows,
        check_dtype=False,
    )


def test_features_come_back_and_equal_ones_have_equal_bytes(tmp_path):
    for name in ("a", "b"):
        write_features(tmp_path / f"{name}.safetensors", features())
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    found = read_features(tmp_path / "a.safetensors")
    assert found.names == SETTINGS and found.images == "same" and found.photographs == list(range(12))
    assert all(np.array_equal(found.of[kind], array) for kind, array in features().of.items())
    with pytest.raises(LacunaError, match="as .safetensors"):
        write_features(tmp_path / "a.npz", features())
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    with pytest.raises(LacunaError, match="broken.safetensors cannot be read as features"):
        read_features(tmp_path / "broken.safetensors")


@pytest.fixture
def pictures(tmp_path):
    """Three pictures with masks and predictions, list and index; more than one batch of two."""
    random = np.random.default_rng(3)
    lines, rows = [], []
    for name in ("images", "masks", "predictions"):
        (tmp_path / name).mkdir()
    for number in range(3):
        image, mask, file = (tmp_path / f"{name}/{number:04d}.png" for name in ("images", "masks", "predictions"))
        hole = np.zeros((30, 44), np.uint8)
        hole[5:20, 3 : 20 + number] = 255
        for path, array in ((image, (30, 44, 3)), (file, (30, 44, 3))):
            Image.fromarray(random.integers(0, 256, array, dtype=np.uint8)).save(path)
        Image.fromarray(hole).save(mask)
        lines.append(f"{image}\t{mask}\n")
        rows.append({"file": file.name, "image": str(image), "mask": str(mask)})
    (tmp_path / "list.txt").write_text("".join(lines))
    write_rows(tmp_path / "predictions/index.csv", rows, ["file", "image", "mask"])
    return tmp_path


@pytest.mark.slow
def test_features_of_pictures(pictures, backbones, monkeypatch):
    import torch

    from lacuna.metrics import features as module
    from lacuna.metrics.inception import InceptionFID, resize

    monkeypatch.setattr(module, "BATCH", 2)
    folder = backbones("inception")
    given = {"pairs": pictures / "list.txt", "backbones": Path(folder) / "inception.pt"}
    asked = ASKED | {"inception": True, "embeddings": {}}
    index = {"predictions": pictures / "predictions/index.csv"}
    assert run_step("features", asked, given | index, {"features": pictures / "p.safetensors"}) == 0
    assert run_step("features_of_truth", asked, given, {"features": pictures / "t.safetensors"}) == 0
    predictions, reference = (read_features(pictures / f"{name}.safetensors") for name in "pt")
    assert predictions.images == reference.images and predictions.photographs == [0, 1, 2]
    network = InceptionFID(folder)
    truth, raw, mask = (
        np.asarray(Image.open(pictures / f"{name}/0002.png")) for name in ("images", "predictions", "masks")
    )
    expected = {"raw": raw, "composite": np.where(mask[..., None] == 255, raw, truth), "truth": truth}
    for kind, values in (predictions.of | reference.of).items():
        assert values.shape == (3, 2048)
        alone = network(torch.from_numpy(resize(expected[kind]))[None]).numpy()[0]
        assert values[2] == pytest.approx(alone, abs=1e-4, rel=1e-3)


def test_one_file_of_each_kind_is_asked_for_every_test_set(tmp_path, capsys):
    write_features(tmp_path / "a.safetensors", features())
    settings = ASKED | {"test_sets": ["paris_test", "celeba_test"], "metrics": ["kid"]}
    given = dict.fromkeys(("features", "reference"), tmp_path / "a.safetensors")
    assert run_step("score_set", settings, given, {"scores": tmp_path / "rows.csv"}) == 1
    expected = "there are 2 test sets, but 1 features, 1 reference, 1 scores; give one of each"
    assert expected in capsys.readouterr().err and not (tmp_path / "rows.csv").exists()


def test_of_one_photograph_no_error_is_given():
    one = features()._replace(photographs=[0] * 12)
    rows = pd.DataFrame(set_rows(SETTINGS | {"metrics": ["kid", "u_ids"]}, one, truth()))
    assert rows["value"].notna().all() and rows["standard_error"].isna().all()
