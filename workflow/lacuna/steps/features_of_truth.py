"""Inception features of the true images of a test set."""

from lacuna.steps.features import run

__all__ = ["run"]
