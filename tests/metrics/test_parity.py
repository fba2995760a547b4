"""Every metric beside somebody else's code, on the same photographs; the rows make `results/parity.csv`.

After a change, `python -m pytest -n 0 tests/metrics/test_parity.py` and `lacuna metrics --markdown --parity
results/parity.csv > docs/metrics.md` bring the document up to date.
"""

from importlib.metadata import version
from importlib.resources import files
from operator import attrgetter

import numpy as np
import pytest
import scipy.linalg
import torch
from PIL import Image, ImageFilter
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

from lacuna.metrics.benchmark import official_lpips
from lacuna.metrics.distances import frechet_distance, kernel_distance
from lacuna.metrics.per_image import METRICS
from lacuna.metrics.per_set import SET_METRICS
from lacuna.metrics.per_set.u_ids import u_ids
from tests.official_lpips import no_first_weights

CROPS = {"astronaut": (60, 10), "coffee": (180, 90), "chelsea": (110, 60)}


def photographs() -> dict[str, np.ndarray]:
    """Crops of 184×200 pixels, uint8 H×W×3."""
    found = {}
    for name, (left, top) in CROPS.items():
        with Image.open(files("skimage") / "data" / f"{name}.png") as image:
            found[name] = np.array(image.convert("RGB").crop((left, top, left + 200, top + 184)))
    return found


def damaged(truth: np.ndarray) -> np.ndarray:
    """Blurred on the left, noisy on the right."""
    blurred = np.asarray(Image.fromarray(truth).filter(ImageFilter.GaussianBlur(3))).copy()
    noise = np.random.default_rng(0).integers(-50, 51, truth.shape)
    blurred[:, 90:] = np.clip(truth + noise, 0, 255)[:, 90:]
    return blurred


def tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image.transpose(2, 0, 1).copy())[None].double() / 255


PAIRS = {name: (damaged(truth), truth) for name, truth in photographs().items()}


def of_torchmetrics(name: str, a: np.ndarray, b: np.ndarray, **options) -> float:
    from torchmetrics import functional  # seconds that every worker would take if it were at the top

    return attrgetter(name)(functional)(tensor(a), tensor(b), **options).item()


THEIRS = {
    "psnr": (lambda a, b: peak_signal_noise_ratio(b, a), "scikit-image", "peak_signal_noise_ratio", 1e-9),
    "ssim": (
        lambda a, b: structural_similarity(b, a, channel_axis=-1),
        "scikit-image",
        "structural_similarity",
        1e-6,
    ),
    "l2": (lambda a, b: mean_squared_error(b / 255, a / 255), "scikit-image", "mean_squared_error", 1e-12),
    "l1": (lambda a, b: of_torchmetrics("mean_absolute_error", a, b), "torchmetrics", "mean_absolute_error", 1e-9),
    "ms_ssim": (
        lambda a, b: of_torchmetrics("image.multiscale_structural_similarity_index_measure", a, b, data_range=1.0),
        "torchmetrics",
        "multiscale_structural_similarity_index_measure",
        1e-6,
    ),
}


@pytest.mark.parametrize("picture", PAIRS)
@pytest.mark.parametrize("name", THEIRS)
def test_of_images(name, picture, parity):
    theirs, package, function, allowed = THEIRS[name]
    prediction, truth = PAIRS[picture]
    ours = METRICS[name].measure(prediction[None, None], truth[None])[0][0][0]
    parity(name, picture, ours, theirs(prediction, truth), allowed, f"{package} {version(package)} {function}")


@pytest.mark.parametrize("net", ["alex", pytest.param("vgg", marks=pytest.mark.slow)])
def test_of_networks(net, parity, backbones):
    folder = backbones(f"lpips_{net}")
    with no_first_weights():
        package = official_lpips(net, folder)
    for picture, (prediction, truth) in PAIRS.items():
        values, _ = METRICS[f"lpips_{net}"].measure(prediction[None, None], truth[None], backbones=folder)
        with torch.inference_mode():
            theirs = package(*(tensor(side).float() * 2 - 1 for side in (prediction, truth))).item()
        parity(f"lpips_{net}", picture, values[0, 0], theirs, 1e-6, f"lpips {version('lpips')} LPIPS")


# What DISTS-pytorch 0.1 says about `PAIRS` with the same VGG16. Written down, because that package always downloads its
# trunk: its class was made with `load_weights=False`, torchvision's network handed over, and the weights filled in.
DISTS = {"astronaut": 0.290053129, "coffee": 0.250499904, "chelsea": 0.314438164}


@pytest.mark.slow
@pytest.mark.parametrize("picture", PAIRS)
def test_of_dists(picture, parity, backbones):
    prediction, truth = PAIRS[picture]
    values, maps = METRICS["dists"].measure(prediction[None, None], truth[None], backbones=backbones("vgg16", "dists"))
    assert maps is None
    parity("dists", picture, values[0, 0], DISTS[picture], 1e-6, "DISTS-pytorch 0.1 DISTS")


def feature_sets(n: int, dimension: int = 48) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    mixing = random.normal(size=(dimension, dimension)) / np.sqrt(dimension)
    a, b = (np.abs(random.normal(size=(n, dimension)) @ mixing) for _ in range(2))
    return a + 0.1, b


def test_of_sets(parity):
    a, b = feature_sets(150)
    covariances = [np.cov(side, rowvar=False) for side in (a, b)]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    theirs = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(covariances[0] + covariances[1] - 2 * root)
    code = f"scipy {version('scipy')} sqrtm"
    parity("fid", "150 × 48 numbers", frechet_distance(a, b), theirs, 1e-8, code)


def test_of_sets_with_torchmetrics(parity):
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchmetrics.image.kid import KernelInceptionDistance

    class Passing(torch.nn.Module):
        num_features = 48

        def forward(self, images):
            return images

    a, b = feature_sets(150)
    code = f"torchmetrics {version('torchmetrics')}"
    fid = FrechetInceptionDistance(feature=Passing(), normalize=True)
    kid = KernelInceptionDistance(feature=Passing(), subsets=1, subset_size=150, normalize=True)
    for metric in (fid, kid):
        metric.set_dtype(torch.float64)
        metric.update(torch.from_numpy(b), real=True)
        metric.update(torch.from_numpy(a), real=False)
    parity("fid", "150 × 48 numbers", frechet_distance(a, b), fid.compute().item(), 1e-5, f"{code} FID")
    unpaired = kernel_distance(a, b, paired=False)[0]
    parity("kid", "150 × 48 numbers, unpaired form", unpaired, kid.compute()[0].item(), 1e-8, f"{code} KID")


def test_of_classifiers(parity):
    """The published score on what the machine was not fitted on, with scikit-learn's own pipeline and folds."""
    from sklearn.model_selection import PredefinedSplit, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    a, b = feature_sets(150)
    machine = make_pipeline(StandardScaler(), LinearSVC(C=1 / 48, dual=False))
    labels, folds = np.repeat([0, 1], 150), np.tile(np.arange(150) % 5, 2)
    predicted = cross_val_predict(machine, np.concatenate([a, b]), labels, cv=PredefinedSplit(folds))
    theirs = (predicted != labels).mean()
    code = f"scikit-learn {version('scikit-learn')} cross_val_predict"
    parity("u_ids", "150 × 48 numbers", u_ids(a, b)[0], theirs, 1e-12, code)
    assert 0.02 < theirs < 0.48


def test_every_metric_but_one_is_here():
    """P-IDS has no code of others to be compared with: theirs is judged on the images it was fitted on."""
    compared = {*THEIRS, "dists", "lpips_alex", "lpips_vgg", "fid", "kid", "u_ids"}
    assert {*METRICS, *SET_METRICS} - compared == {"p_ids"}
