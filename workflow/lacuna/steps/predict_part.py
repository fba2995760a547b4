"""Predict the holes of some pictures of a list; raw predictions as PNG."""

from lacuna.steps.predict import run

__all__ = ["run"]
