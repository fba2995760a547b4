"""DISTS' arithmetic with made-up weights; tests/metrics/test_parity.py holds it beside the authors' package."""

import numpy as np
import pytest
import torch

from lacuna.nn import dists
from lacuna.nn.dists import DISTS

WIDTHS = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
POSITIONS = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
CHANNELS = 1475


@pytest.fixture(scope="module")
def trunk() -> dict[str, np.ndarray]:
    random = np.random.default_rng(4)
    found = {}
    for position, a, b in zip(POSITIONS, WIDTHS, WIDTHS[1:], strict=False):
        scale = np.float32(np.sqrt(2 / (9 * a)))
        found[f"features.{position}.weight"] = random.standard_normal((b, a, 3, 3), np.float32) * scale
        found[f"features.{position}.bias"] = random.standard_normal(b, np.float32) / 10
    return found


@pytest.fixture
def made(trunk, monkeypatch):
    """`made(alpha, beta)`: the network with these weights of the first channels and 0 for the others."""

    def make(alpha, beta) -> DISTS:
        learned = {}
        for name, values in (("alpha", alpha), ("beta", beta)):
            learned[name] = np.zeros((1, CHANNELS, 1, 1), np.float32)
            learned[name][0, : len(values), 0, 0] = values
        monkeypatch.setattr(dists, "load", lambda name, folder: {"vgg16": trunk, "dists": learned}[name])
        return DISTS("nowhere")

    return make


def pictures(number: int, height: int = 19, width: int = 26) -> torch.Tensor:
    return torch.rand(number, 3, height, width, generator=torch.Generator().manual_seed(1))


def test_means_and_covariances_of_the_pictures_by_hand(made):
    a, b = pictures(2)
    of_means = made([1, 2, 5], [])(a[None], b[None]).item()
    one, two = (each.double().numpy().reshape(3, -1) for each in (a, b))
    x, y = one.mean(1), two.mean(1)
    by_hand = 1 - (2 * x * y + 1e-6) / (x**2 + y**2 + 1e-6)
    assert of_means == pytest.approx((by_hand * [1, 2, 5]).sum() / 8, abs=1e-12)
    of_covariances = made([], [0, 3, 1])(a[None], b[None]).item()
    both = [np.cov(one[i], two[i], bias=True) for i in range(3)]
    by_hand = np.array([1 - (2 * c[0, 1] + 1e-6) / (c[0, 0] + c[1, 1] + 1e-6) for c in both])
    assert of_covariances == pytest.approx((by_hand * [0, 3, 1]).sum() / 4, abs=1e-12)


def test_the_weights_are_shared_out_over_both_kinds(made):
    a, b = pictures(2)[:, None]
    apart = made([1], [])(a, b).item(), made([], [1])(a, b).item()
    assert made([3], [1])(a, b).item() == pytest.approx(0.75 * apart[0] + 0.25 * apart[1], abs=1e-12)


def test_equal_pictures_are_at_0_and_order_does_not_matter(made):
    network = made(np.ones(CHANNELS), np.ones(CHANNELS))
    a, b = pictures(4).chunk(2)
    assert (network(a, a) == 0).all()
    torch.testing.assert_close(network(a, b), network(b, a), rtol=1e-12, atol=0)
    assert (network(a, b) > 0).all()
    torch.testing.assert_close(network(a, b)[1:], network(a[1:], b[1:]), rtol=1e-5, atol=0)


def test_stages_halve_upwards_and_pool_by_squares(made):
    network = made([1], [])
    features = network.features(pictures(1))
    assert [tuple(each.shape[1:]) for each in features] == [
        (3, 19, 26), (64, 19, 26), (128, 10, 13), (256, 5, 7), (512, 3, 4), (512, 2, 2),
    ]  # fmt: skip
    x = torch.zeros(1, 2, 4, 6)
    x[0, 1, 2, 2], x[0, 1, 1, 4] = 4, -3
    # the windows' middles are rows 0, 2 and columns 0, 2, 4; weights are the outer product of 1/4, 1/2, 1/4
    expected = torch.zeros(1, 2, 2, 3)
    expected[0, 1, 1, 1] = (16 / 4) ** 0.5
    expected[0, 1, 0, 2] = expected[0, 1, 1, 2] = (9 / 8) ** 0.5
    torch.testing.assert_close(network._pooled(x), expected, rtol=0, atol=1.1e-6)


def test_small_and_unlike_batches_are_refused(made):
    network = made([1], [])
    with pytest.raises(ValueError, match="at least 16"):
        network(pictures(1, 15), pictures(1, 15))
    with pytest.raises(ValueError, match="one shape"):
        network(pictures(1), pictures(2))
