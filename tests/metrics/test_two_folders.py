"""`lacuna score --set-metrics` of two folders of pictures with the real Inception, beside other people's code."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from skimage import data
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

from lacuna.cli import main
from lacuna.metrics import features
from lacuna.metrics.inception import InceptionFID, resize

NUMBER, HEIGHT, WIDTH = 64, 60, 88
PHOTOGRAPHS = (data.astronaut, data.chelsea, data.coffee, data.rocket)


def crop(number: int) -> np.ndarray:
    """Part of one of four photographs, uint8 60×88×3."""
    photograph = PHOTOGRAPHS[number % len(PHOTOGRAPHS)]()
    random = np.random.default_rng(number)
    top, left = (random.integers(0, side - size) for side, size in zip(photograph.shape, (HEIGHT, WIDTH), strict=False))
    return photograph[top : top + HEIGHT, left : left + WIDTH]


def hole(number: int) -> np.ndarray:
    """bool 60×88: in no axis' middle, another one each."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[5 + number % 7 : 41 + number % 11, 9 : 47 + number % 31] = True
    return mask


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Truth, predictions that are wrong inside the holes and a little outside, and masks."""
    folder = tmp_path_factory.mktemp("folders")
    for name in ("truth", "filled", "masks"):
        (folder / name).mkdir()
    for number in range(NUMBER):
        truth, mask = crop(number), hole(number)
        image = Image.fromarray(truth)
        blurred = np.asarray(image.resize((9, 6)).resize(image.size))
        predicted = np.where(mask[..., None], blurred, truth // 8 * 8)
        for name, values in (("truth", truth), ("filled", predicted), ("masks", mask.astype(np.uint8) * 255)):
            Image.fromarray(values).save(folder / name / f"{number:03}.png")
    return folder


class Given(torch.nn.Module):
    """In the place of a network: the features are handed over as images."""

    num_features = 2048

    def forward(self, images):
        return images


def features_of(folder, backbones, number: int) -> dict[str, np.ndarray]:
    """The features of one image, read, composited and resized here."""
    raw = np.asarray(Image.open(folder / f"filled/{number:03}.png"))
    composite = np.where(hole(number)[..., None], raw, crop(number))
    network = InceptionFID(backbones("inception"))
    pictures = {"truth": crop(number), "raw": raw, "composite": composite}
    return {kind: network(torch.from_numpy(resize(each))[None])[0].numpy() for kind, each in pictures.items()}


def torchmetrics_fid(fake, real) -> float:
    fid = FrechetInceptionDistance(feature=Given(), normalize=True).set_dtype(torch.float64)
    fid.update(real, real=True)
    fid.update(fake, real=False)
    return fid.compute().item()


def torchmetrics_kid(fake, real) -> float:
    """Theirs, with the pairs taken out of the mixed term, as ours leaves them out."""
    n = len(fake)
    kid = KernelInceptionDistance(feature=Given(), subsets=1, subset_size=n, normalize=True).set_dtype(torch.float64)
    kid.update(real, real=True)
    kid.update(fake, real=False)
    mixed = (fake @ real.T / 2048 + 1) ** 3
    unpaired = (mixed.sum() - mixed.trace()) / (n * (n - 1))
    return (kid.compute()[0] + 2 * (mixed.mean() - unpaired)).item()


def scikit_learns_u_ids(fake, real) -> float:
    n = len(fake)
    machine = make_pipeline(StandardScaler(), LinearSVC(C=1 / 2048, dual=False))
    labels, folds = np.repeat([0, 1], n), np.tile(np.arange(n) % 5, 2)
    predicted = cross_val_predict(machine, torch.cat([fake, real]).numpy(), labels, cv=PredefinedSplit(folds))
    return float((predicted != labels).mean())


@pytest.mark.slow
def test_fid_kid_and_u_ids_of_two_folders_are_those_of_other_code(folders, backbones, capsys, monkeypatch):
    made = {}
    extract = features.extract
    monkeypatch.setattr(features, "extract", lambda *given: made.update(found := extract(*given)) or found)
    words = ["--truth", folders / "truth", "--predictions", folders / "filled", "--masks", folders / "masks"]
    words += ["--output", folders / "scores.csv", "--metrics", "psnr", "--set-metrics", "fid", "kid", "u_ids"]
    assert main(["score", *map(str, words), "--backbones", str(backbones("inception"))]) == 0
    said = capsys.readouterr().out
    rows = pd.read_csv(folders / "scores_sets.csv").set_index(["prediction", "metric"])
    assert len(rows) == 6 and set(rows.n) == {NUMBER}
    for number in (0, 37):
        for kind, values in features_of(folders, backbones, number).items():
            assert values.shape == (2048,) and made[kind].shape == (NUMBER, 2048)
            assert values == pytest.approx(made[kind][number], rel=1e-3, abs=1e-4)
    # of features of single precision: two ways to the square root of their covariances differ by 1.5e-6 on an AMD EPYC
    of = {kind: torch.from_numpy(values).double() for kind, values in made.items()}
    assert rows.value["composite", "fid"] == pytest.approx(torchmetrics_fid(of["composite"], of["truth"]), rel=1e-5)
    for kind in ("raw", "composite"):
        both = of[kind], of["truth"]
        assert rows.value[kind, "kid"] == pytest.approx(torchmetrics_kid(*both), rel=1e-9)
        assert rows.value[kind, "u_ids"] == scikit_learns_u_ids(*both)
        assert f"FID ↓, {kind}: {rows.value[kind, 'fid']:.2f}, N = {NUMBER}, small-n\n" in said
        error = rows.standard_error[kind, "kid"]
        assert f"KID ↓, {kind}: {rows.value[kind, 'kid']:.5f} ± {error:.5f} (standard error), N = {NUMBER}\n" in said
    assert rows.value["raw", "fid"] != rows.value["composite", "fid"]
