"""Every suspicion is raised where it should be, and nowhere else."""

import pandas as pd

from lacuna.reporting import aggregation, warnings
from lacuna.reporting.tables import valid_region

SETTINGS = {
    "systems": {"aotgan": "AOT-GAN", "telea": "Telea"},
    "sources": {"place2": "Place2"},
    "test_sets": {"paris": "Paris", "faces": "Faces"},
}

UNKNOWN = pd.DataFrame(columns=valid_region.COLUMNS)


def table(*entries):
    """Rows of (source, test_set, system, prediction, metric, mean, n), whole image."""
    rows = [(*key, prediction, "image", metric, mean, 0.1, n) for *key, prediction, metric, mean, n in entries]
    return pd.DataFrame(rows, columns=aggregation.QUANTITATIVE)


def controls(**means):
    """Composites of controls on both test sets; a mean is of psnr, or (psnr, l1)."""
    rows = []
    for name, values in means.items():
        for metric, value in zip(("psnr", "l1"), values if isinstance(values, tuple) else (values,), strict=False):
            rows += [("control", s, name, "composite", metric, value, n) for s, n in (("paris", 30), ("faces", 10))]
    return table(*rows)


def test_worse_than_a_control_is_named_with_its_metrics():
    means = table(
        ("place2", "paris", "aotgan", "composite", "psnr", 18.0, 30),
        ("place2", "faces", "aotgan", "composite", "psnr", 25.0, 10),  # better here, worse over all images
        ("place2", "paris", "aotgan", "composite", "l1", 0.09, 30),
        ("untrained", "paris", "telea", "composite", "psnr", 20.0, 30),  # equal is not worse
    )
    (warning,) = warnings.warnings(means, controls(mean_fill=(20.0, 0.1)), UNKNOWN, [], SETTINGS)
    assert warning.startswith("AOT-GAN trained on Place2 is worse than filling the hole with the mean colour")
    assert warning.endswith(": PSNR 19.75 against 20.00 (composite, whole image, N = 40).")
    assert "L1" not in warning
    (warning,) = warnings.warnings(means, controls(masked_input=(15.0, 0.08)), UNKNOWN, [], SETTINGS)
    assert warning.startswith("AOT-GAN trained on Place2 is worse than handing back the masked input")
    assert "L1 0.0900 against 0.0800" in warning and "PSNR" not in warning
    assert warnings.warnings(means, table(), UNKNOWN, [], SETTINGS) == []


def test_a_ground_truth_that_is_not_perfect_is_named_where_it_is_not():
    assert warnings.warnings(table(), controls(ground_truth=(100.0, 0.0)), UNKNOWN, [], SETTINGS) == []
    found = warnings.warnings(table(), controls(ground_truth=(9.04, 0.0)), UNKNOWN, [], SETTINGS)
    assert [sentence.split(":")[0][-5:] for sentence in found] == ["Paris", "Faces"]
    assert "PSNR 9.04 instead of 100.00 (composite, whole image, N = 30)" in found[0]


def test_damage_outside_the_hole_is_named():
    rows = [("aotgan", "place2", 19.94, 30), ("aotgan", "celeba", 20.0, 30), ("telea", "untrained", 100.0, 30)]
    outside = pd.DataFrame(rows, columns=valid_region.COLUMNS)
    (warning,) = warnings.warnings(table(), table(), outside, [], SETTINGS)
    assert warning == (
        "AOT-GAN trained on Place2 damages what lies outside the hole: there its raw predictions have a PSNR of "
        "19.9 dB (N = 30)."
    )


def test_mask_sets_that_look_inverted_are_named():
    cards = [{"name": "good", "n": 9, "mean_coverage": 0.6}, {"name": "bad", "n": 7, "mean_coverage": 0.72}]
    (warning,) = warnings.warnings(table(), table(), UNKNOWN, cards, SETTINGS)
    assert warning == "The mask set bad looks inverted: on average 72% of an image is hole (N = 7 masks)."
