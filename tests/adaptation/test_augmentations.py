from collections import Counter

import cv2
import numpy as np
import pytest
import torch

from lacuna.adaptation import augmentations, geometry
from lacuna.adaptation.augmentations import Augmentation
from lacuna.adaptation.experiments import Augment, Crop, read_experiment, read_experiments, shipped
from tests.adaptation.conftest import SIZES, lopsided_hole, picture

EXPERIMENTS = read_experiments(shipped())
DRAWS = 4000


def augment_of(settings: dict) -> Augment:
    return read_experiment({"augment": settings}).augment


def close(count: int, total: int, p: float) -> bool:
    """Within four standard deviations of a binomial."""
    return abs(count - total * p) <= 4 * np.sqrt(total * p * (1 - p)) + 1e-9


def drawn(augment: Augment, size=(256, 300), count: int = 300, seed: int = 0) -> list[Augmentation]:
    rng, nothing = np.random.default_rng(seed), np.zeros(size, bool)
    return [augmentations.draw(augment, rng, nothing, None, 10) for _ in range(count)]


def masks(size) -> tuple[np.ndarray, np.ndarray]:
    user = lopsided_hole(size)[0].numpy() > 0
    finetuning = np.zeros(size, bool)
    finetuning[size[0] // 2 + 2 : -4, size[1] // 3 : size[1] // 3 + size[1] // 2] = True
    return user, finetuning


# ---------------------------------------------------------------------- probabilities


@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_probabilities_are_conditional_on_the_outer_one(name):
    augment, rng = EXPERIMENTS[name].augment, np.random.default_rng(1)
    found = Counter(part for _ in range(DRAWS) for part in augmentations.applied(augment, rng))
    for part in augmentations.NAMES:
        single, either = getattr(augment, part).p, 0.0
        if part in augment.one_of.of:
            either = augment.one_of.p / len(augment.one_of.of)
        assert close(found[part], DRAWS, augment.outer * (1 - (1 - single) * (1 - either))), part


def test_one_of_is_never_two():
    augment, rng = EXPERIMENTS["combination_A"].augment, np.random.default_rng(2)
    assert not any({"shear", "rotation_30"} <= augmentations.applied(augment, rng) for _ in range(DRAWS))


def test_samples_that_nothing_is_done_to():
    augment, rng = augment_of({"outer": 0.3, "brightness": 1, "flip": 1}), np.random.default_rng(3)
    assert close(sum(not augmentations.applied(augment, rng) for _ in range(DRAWS)), DRAWS, 0.7)


def test_one_flip_and_at_times_the_other():
    found = Counter()
    still = geometry.unmoved((6, 9))
    augment = augment_of({"flip": {"p": 0.5, "kinds": ["lr", "ud"], "both": 0.4}})
    for each in drawn(augment, (6, 9), DRAWS):
        kinds = {"none": still, "lr": still[:, ::-1], "ud": still[::-1], "both": still[::-1, ::-1]}
        found[next(kind for kind, source in kinds.items() if (each.source == source).all())] += 1
    for kind, p in {"none": 0.5, "lr": 0.15, "ud": 0.15, "both": 0.2}.items():
        assert close(found[kind], DRAWS, p), kind


@pytest.mark.parametrize(("name", "angles"), [("rotation_90", [0, 90, 180, 270]), ("rotation_30", range(30, 360, 30))])
def test_angles_are_equally_likely(name, angles):
    still = geometry.unmoved((12, 12))
    turned = {geometry.rotated(still, angle).tobytes(): angle for angle in angles}
    assert len(turned) == len(angles)
    found = Counter(turned[each.source.tobytes()] for each in drawn(augment_of({name: 1}), (12, 12), DRAWS))
    assert all(close(found[angle], DRAWS, 1 / len(angles)) for angle in angles)


# ---------------------------------------------------------------------- ranges


def test_brightness_blur_and_noise_have_the_ranges_of_the_thesis():
    found = drawn(augment_of({"brightness": 1, "blur": 1, "noise": 1}))
    factors, sigmas = ([getattr(each, name) for each in found] for name in ("brightness", "sigma"))
    assert 0.7 <= min(factors) < 0.72 and 1.28 < max(factors) <= 1.3
    assert 3 <= min(sigmas) < 3.1 and 5.9 < max(sigmas) <= 6
    kernels = Counter(each.kernel for each in found)
    assert set(kernels) == {5, 6, 7, 8} and all(close(kernels[k], 300, 0.25) for k in kernels)
    assert {each.noise for each in found} == {0.2}


def test_a_fixed_blur_is_always_the_same_and_scales_with_the_side():
    augment = augment_of({"blur": {"p": 1, "kernel": "5/256", "sigma": "2/256"}})
    for size, expected in (((256, 400), (5, 2.0)), ((512, 512), (10, 4.0)), ((64, 90), (3, 0.5))):
        assert {(each.kernel, each.sigma) for each in drawn(augment, size, 20)} == {expected}


def test_translations_reach_twelve_pixels_of_256_and_keep_the_border():
    seen = set()
    still = geometry.unmoved((256, 300))
    for each in drawn(augment_of({"translation": 1}), count=200):
        row, column = divmod(int(each.source[128, 150]), 300)
        down, right = 128 - row, 150 - column
        seen |= {("down", down), ("right", right)}
        inside = np.zeros(still.shape, bool)
        inside[max(down, 0) : 256 + min(down, 0), max(right, 0) : 300 + min(right, 0)] = True
        assert (each.source[~inside] == still[~inside]).all()
        assert (each.source[inside] == (still - 300 * down - right)[inside]).all()
    assert {shift for _, shift in seen} == set(range(-12, 13))


def test_shears_are_within_their_reach():
    factors = []
    for each in drawn(augment_of({"shear": 1}), (101, 101), 200):
        source = each.source[50 - 10 : 50 + 11, 50 - 10 : 50 + 11]
        rows, columns = np.divmod(source, 101)
        factors += [(columns[0, 10] - columns[-1, 10]) / 20, (rows[10, 0] - rows[10, -1]) / 20]
    # a shear of both axes by s moves back by s / (1 − s²) at most
    assert 0.15 < max(factors) <= 0.2 / 0.96 + 0.05 and -0.2 / 0.96 - 0.05 <= min(factors) < -0.15


def test_translation_comes_only_without_a_crop():
    size = (32, 32)
    user, finetuning = np.zeros(size, bool), np.zeros(size, bool)
    finetuning[8:24, 8:24] = True
    augment, rng = augment_of({"crop": 0.4, "translation": 0.8}), np.random.default_rng(4)
    still, found = geometry.unmoved(size), Counter()
    for _ in range(DRAWS):
        each = augmentations.draw(augment, rng, user, finetuning, 0)
        if each.cropped:  # every second pixel of a row is shown twice, so nothing was shifted by a single one
            assert (each.source[:, ::2] == each.source[:, 1::2]).all()
        found[each.cropped, bool((each.source == still).all())] += 1
    uncropped = found[False, True] + found[False, False]
    assert close(found[True, False], DRAWS, 0.4)
    assert close(found[False, False], uncropped, 0.8 * (1 - 1 / 25))  # reach is two pixels here: 25 shifts


# ---------------------------------------------------------------------- crop


@pytest.mark.parametrize("size", [*SIZES, (31, 45)])
def test_windows_are_accepted_as_the_thesis_says_and_equally_likely(size):
    user, finetuning = masks(size)
    crop, rng = Crop(p=1.0), np.random.default_rng(5)
    found = [augmentations.draw_window(crop, rng, user, finetuning, 0) for _ in range(600)]
    height, width = round(size[0] / 2), round(size[1] / 2)
    acceptable = set()
    for top in range(size[0] - height + 1):
        for left in range(size[1] - width + 1):
            window = np.s_[top : top + height, left : left + width]
            if finetuning[window].mean() > 0.10 and (finetuning | user)[window].mean() < 0.65:
                acceptable.add((top, left, height, width))
    everywhere = (size[0] - height + 1) * (size[1] - width + 1)
    assert 0 < len(acceptable) < everywhere, "the masks of this test should make a choice"
    assert set(found) <= acceptable
    tops = np.array([window[0] for window in found])
    expected = np.array([window[0] for window in acceptable])
    assert abs(tops.mean() - expected.mean()) <= 4 * expected.std() / np.sqrt(600) + 1e-9


def test_the_limits_of_a_crop_are_exclusive():
    user, finetuning = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    finetuning[:, ::10] = True  # exactly a tenth of every window
    rng = np.random.default_rng(0)
    assert augmentations.draw_window(Crop(p=1.0), rng, user, finetuning, 0) is None
    finetuning[10:12, 5] = True
    assert augmentations.draw_window(Crop(p=1.0), rng, user, finetuning, 0) is not None
    full = Crop(p=1.0, greatest_holes=0.1)
    finetuning[:] = False
    assert augmentations.draw_window(full, rng, user, None, 40) is None  # 40 of 400 is a tenth of every window
    assert augmentations.draw_window(full, rng, user, None, 39) is not None


def test_a_picture_without_an_acceptable_window_is_not_cropped():
    user = np.ones((24, 30), bool)
    user[:6, :6] = False
    augment = augment_of({"crop": 1})
    each = augmentations.draw(augment, np.random.default_rng(0), user, ~user, 0)
    assert not each.cropped and (each.source == geometry.unmoved(user.shape)).all()


# ---------------------------------------------------------------------- appearance


def nothing(size, **changed) -> Augmentation:
    return Augmentation(
        **({"brightness": 1.0, "kernel": 0, "sigma": 0.0, "noise": 0.0, "cropped": False} | changed),
        source=geometry.unmoved(size),
    )


def appear(image: torch.Tensor, *each: Augmentation, user: torch.Tensor | None = None) -> torch.Tensor:
    pictures = image.expand(len(each), -1, -1, -1)
    user = torch.zeros_like(pictures[:, :1]) if user is None else user.expand(len(each), -1, -1, -1)
    return augmentations.appearance(pictures, user, each, [np.random.default_rng(i) for i in range(len(each))])


def test_brightness_scales_and_cuts():
    image = picture((13, 9))
    bright, dark, same = appear(image, *(nothing((13, 9), brightness=factor) for factor in (1.3, 0.7, 1.0)))
    assert torch.allclose(bright, (image * 1.3).clamp(max=1)) and bright.max() == 1
    assert torch.allclose(dark, image * 0.7) and torch.equal(same, image)


@pytest.mark.parametrize(("kernel", "sigma"), [(5, 2.0), (7, 3.3), (3, 0.8)])
def test_the_blur_is_opencv_s(kernel, sigma):
    image = picture((33, 21))
    blurred, untouched = appear(image, nothing((33, 21), kernel=kernel, sigma=sigma), nothing((33, 21)))
    expected = cv2.GaussianBlur(image.permute(1, 2, 0).numpy(), (kernel,) * 2, sigma, borderType=cv2.BORDER_REFLECT_101)
    assert np.allclose(blurred.permute(1, 2, 0).numpy(), expected, atol=1e-6) and torch.equal(untouched, image)


def test_a_blur_of_even_size_and_others_beside_it():
    image = picture((33, 21))
    both = appear(image, nothing((33, 21), kernel=6, sigma=3.0), nothing((33, 21), kernel=7, sigma=4.0))
    alone = appear(image, nothing((33, 21), kernel=6, sigma=3.0))[0]
    assert torch.allclose(both[0], alone, atol=1e-7)
    weights = np.exp(-(np.arange(-3, 3.0) ** 2) / 18)
    window = image[:, 7:13, 2:8].numpy() @ weights @ weights  # from three before to two after (10, 5)
    assert np.allclose(alone[:, 10, 5].numpy(), window / weights.sum() ** 2, atol=1e-5)


def test_known_pixels_are_blurred_with_known_ones_alone():
    size = SIZES[0]
    image, hole = picture(size), lopsided_hole(size)
    with_noise = image * (1 - hole) + picture(size, seed=7) * hole
    one, two = (appear(each, nothing(size, kernel=8, sigma=5.0), user=hole)[0] for each in (image, with_noise))
    assert torch.equal(one * (1 - hole), two * (1 - hole)) and not torch.equal(one * hole, two * hole)
    flat = appear(torch.full((3, *size), 0.4), nothing(size, kernel=8, sigma=5.0), user=hole)[0]
    assert torch.allclose(flat, torch.tensor(0.4), atol=1e-6)


def test_noise_has_the_deviation_asked_for():
    grey = torch.full((3, 64, 80), 0.5)
    noisy, quiet = appear(grey, nothing((64, 80), noise=0.1), nothing((64, 80)))
    assert float((noisy - 0.5).std()) == pytest.approx(0.1, rel=0.03) and abs(float((noisy - 0.5).mean())) < 0.004
    assert torch.equal(quiet, grey) and noisy.min() >= 0 and noisy.max() <= 1
