"""The thesis' losses by region against loops in NumPy, and where they are allowed to look."""

import numpy as np
import pytest
import torch
from torch import nn

from lacuna.adaptation import losses
from lacuna.adaptation.losses import Regions, Weights, generator_losses, truth_of
from lacuna.nn.edges import canny, sobel
from lacuna.nn.layers import gaussian_blur
from tests.systems.doubles import RandomFeatures

SIZE = (24, 36)
FEATURES = RandomFeatures("vgg16", None, ["relu1_1", "relu2_1"])


class Brightness(nn.Module):
    """A discriminator of patches of 4×4: their mean, minus 0.4."""

    def forward(self, image):
        return nn.functional.avg_pool2d(image.mean(1, keepdim=True), 4) - 0.4


def scene(touching=False):
    """x with a border from dark to bright, a prediction, and regions: F left, U right; odd sizes, two pictures."""
    draw = torch.Generator().manual_seed(2)
    x = 0.2 * torch.rand(2, 3, *SIZE, generator=draw, dtype=torch.float64)
    x[..., 11:, :] += 0.6
    raw = torch.rand(2, 3, *SIZE, generator=draw, dtype=torch.float64)
    foreground, user = torch.zeros(2, 1, *SIZE).double(), torch.zeros(2, 1, *SIZE).double()
    foreground[0, :, 6:15, 3:12] = 1
    foreground[1, :, 2:13, 5:10] = 1
    user[:, :, 5:19, 22:33] = 1
    if touching:
        foreground[0, :, 6:15, 12:22] = 1
    return x, raw, Regions(foreground, 1 - user)


def of(raw, x, regions, background=True, discriminator=None, weights=None):
    truth = truth_of(x, regions, FEATURES)
    return generator_losses(raw, x, regions, truth, FEATURES, discriminator, weights or Weights(), background)


def test_pixel_and_structural_losses_by_loops():
    x, raw, regions = scene()
    user = 1 - regions.known
    found = of(raw, x, regions)
    slope = (sobel(2 * raw - 1) - sobel(2 * x - 1)).abs().numpy()
    edge = gaussian_blur(canny(x, 1.5, regions.inner), 2, 1.0).numpy()
    assert edge.any()
    for name, region in (("foreground", regions.foreground), ("background", regions.background)):
        error = steep = near = 0.0
        values = windows = weight = 0
        for n in range(2):
            for i in range(SIZE[0]):
                for j in range(SIZE[1]):
                    if not region[n, 0, i, j]:
                        continue
                    error += 2 * float((raw - x)[n, :, i, j].abs().sum())
                    values += 3
                    if user[n, 0, max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2].any():
                        continue
                    steep += slope[n, :, i, j].sum()
                    near += slope[n, :, i, j].sum() * edge[n, 0, i, j]
                    windows += 6
                    weight += 6 * edge[n, 0, i, j]
        assert float(found[f"{name}_l1"]) == pytest.approx(error / values)
        assert float(found[f"{name}_gradient"]) == pytest.approx(0.1 * steep / windows)
        assert float(found[f"{name}_edge"]) == pytest.approx(near / weight)


def test_perceptual_loss_compares_the_completed_and_the_raw_output_by_l1():
    x, raw, regions = scene()
    found, user = of(raw, x, regions), 1 - regions.known
    true = FEATURES(x)
    for name, made in (
        ("foreground", regions.foreground * raw + (1 - regions.foreground) * x),
        ("background", (1 - user) * raw + user * x),
    ):
        features = FEATURES(made)
        expected = np.mean([float((features[key] - true[key]).abs().mean()) for key in true])
        assert float(found[f"{name}_perceptual"]) == pytest.approx(0.1 * expected)


def test_a_patch_counts_if_more_than_half_of_it_lies_in_its_region():
    x, raw, regions = scene()
    judge, user = Brightness(), 1 - regions.known
    completed = regions.foreground * raw + (1 - regions.foreground) * x
    raw_output = (1 - user) * raw + user * x

    def counted(scores, region):
        means = []
        for n in range(2):
            taken = [
                float(scores[n, 0, i, j])
                for i in range(SIZE[0] // 4)
                for j in range(SIZE[1] // 4)
                if region[n, 0, 4 * i : 4 * i + 4, 4 * j : 4 * j + 4].sum() > 8
            ]
            means.append(np.mean(taken))
        return np.mean(means)

    found = of(raw, x, regions, discriminator=judge)
    expected = counted(judge(completed), regions.foreground), counted(judge(raw_output), regions.known)
    assert float(found["foreground_adversarial"]) == pytest.approx(-0.4 * expected[0])
    assert float(found["background_adversarial"]) == pytest.approx(-0.4 * expected[1])
    hinge = [
        counted((1 - judge(x)).clamp_min(0), regions.known),
        counted((1 + judge(completed)).clamp_min(0), regions.foreground),
        counted((1 + judge(raw_output)).clamp_min(0), regions.known),
    ]
    assert float(losses.discriminator_loss(raw, x, regions, judge, True)) == pytest.approx(sum(hinge))
    assert float(losses.discriminator_loss(raw, x, regions, judge, False)) == pytest.approx(sum(hinge[:2]))


def test_exactly_half_a_patch_does_not_count_and_a_picture_without_patches_counts_nothing():
    region = torch.zeros(2, 1, 8, 8)
    region[0, :, :4, :2] = 1
    region[1, :, :5, :4] = 1
    values = torch.full((2, 1, 2, 2), 3.0)
    assert float(losses.patch_mean(values, region)) == 1.5


def test_the_foreground_alone_is_the_baseline():
    x, raw, regions = scene()
    both, alone = of(raw, x, regions), of(raw, x, regions, background=False)
    assert list(alone) == [f"foreground_{name}" for name in ("l1", "gradient", "edge", "perceptual")]
    assert all(torch.equal(alone[key], both[key]) for key in alone)


def gradient_of(background):
    x, raw, regions = scene()
    raw.requires_grad_()
    sum(of(raw, x, regions, background, Brightness()).values()).backward()
    return raw.grad, regions


def test_of_the_completed_output_only_the_foreground_is_taught_but_for_sobels_ring():
    gradient, regions = gradient_of(background=False)
    near = nn.functional.max_pool2d(regions.foreground, 3, 1, 1)
    assert not (gradient * (1 - near)).any()
    assert (gradient * regions.foreground).any() and (gradient * (near - regions.foreground)).any()


def test_of_the_raw_output_everything_but_the_users_hole_is_taught():
    gradient, regions = gradient_of(background=True)
    assert not (gradient * (1 - regions.known)).any()
    assert ((gradient != 0).any(1, keepdim=True) | (regions.known == 0)).all()


@pytest.mark.parametrize("background", [False, True])
def test_no_edge_or_window_reads_the_filler(background):
    """What x and the prediction show under U changes the perceptual loss of neither region: both show the same."""
    x, raw, regions = scene(touching=True)
    other, _ = torch.rand_like(x), None
    changed = torch.where(regions.known > 0, x, other)
    names = [f"{name}_{kind}" for name in ("foreground", "background")[: 1 + background] for kind in KINDS]
    one, two = (of(raw, each, regions, background) for each in (x, changed))
    assert all(torch.equal(one[name], two[name]) for name in names)
    moved = torch.where(regions.known > 0, raw, other)
    three = of(moved, x, regions, background)
    assert all(torch.equal(one[name], three[name]) for name in one)


KINDS = ("l1", "gradient", "edge")


def test_empty_regions_give_zeros_not_infinities():
    x, raw, _ = scene()
    nothing, everything = torch.zeros_like(x[:, :1]), torch.ones_like(x[:, :1])
    for regions in (Regions(nothing, everything), Regions(nothing, nothing), Regions(everything, everything)):
        found = of(raw, x, regions, discriminator=Brightness())
        assert all(loss.isfinite() for loss in found.values())
    assert float(found["background_l1"]) == 0 and float(found["foreground_l1"]) > 0


def test_a_perfect_prediction_loses_nothing_but_to_the_discriminator():
    x, _, regions = scene()
    assert all(float(loss) == 0 for loss in of(x, x, regions).values())
