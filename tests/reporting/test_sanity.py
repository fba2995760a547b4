"""Every suspicion is raised where it should be, and nowhere else."""

import pandas as pd

from lacuna.reporting import aggregation, sanity

SETTINGS = {
    "systems": {"aotgan": "AOT-GAN", "telea": "Telea", "mean_fill": "Mean colour"},
    "sources": {"place2": "Place2"},
}


def table(*entries):
    """Rows of (source, test_set, system, prediction, metric, mean, n), whole image."""
    rows = [(*key, prediction, "image", metric, mean, 0.1, n) for *key, prediction, metric, mean, n in entries]
    return pd.DataFrame(rows, columns=aggregation.QUANTITATIVE)


def test_worse_than_mean_fill_is_named_with_its_metrics():
    means = table(
        *(("untrained", name, "mean_fill", "composite", "psnr", 20.0, n) for name, n in (("paris", 30), ("faces", 10))),
        ("untrained", "paris", "mean_fill", "composite", "l1", 0.1, 30),
        ("place2", "paris", "aotgan", "composite", "psnr", 18.0, 30),
        ("place2", "faces", "aotgan", "composite", "psnr", 25.0, 10),  # better here, worse over all images
        ("place2", "paris", "aotgan", "composite", "l1", 0.09, 30),
        ("untrained", "paris", "telea", "composite", "psnr", 20.0, 30),  # equal is not worse
    )
    (warning,) = sanity.warnings(means, [], SETTINGS)
    assert warning.startswith("AOT-GAN trained on Place2 is worse than filling the hole with the mean colour")
    assert "PSNR 19.75 against 20.00" in warning
    assert "L1" not in warning
    assert sanity.warnings(means[means["system"] != "mean_fill"], [], SETTINGS) == []


def test_damage_outside_the_hole_is_named():
    means = table(
        ("place2", "paris", "aotgan", "raw", "psnr", 13.9, 30),
        ("place2", "paris", "aotgan", "composite", "psnr", 20.0, 30),
        ("untrained", "paris", "telea", "raw", "psnr", 14.1, 30),
        ("untrained", "paris", "telea", "composite", "psnr", 20.0, 30),
    )
    (warning,) = sanity.warnings(means, [], SETTINGS)
    assert warning.startswith("AOT-GAN trained on Place2 damages what lies outside the hole")
    assert "13.9 dB, its composites 20.0 dB (whole image, N = 30)" in warning


def test_mask_sets_that_look_inverted_are_named():
    cards = [{"name": "good", "n": 9, "mean_coverage": 0.6}, {"name": "bad", "n": 7, "mean_coverage": 0.72}]
    (warning,) = sanity.warnings(table(), cards, SETTINGS)
    assert warning == "The mask set bad looks inverted: on average 72% of an image is hole (N = 7 masks)."
