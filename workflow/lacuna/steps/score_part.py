"""Score some predictions of a test set against the ground truth, one row per image, region and metric."""

from lacuna.steps.score import run

__all__ = ["run"]
