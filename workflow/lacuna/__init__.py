"""Lacuna: a reproducible comparison of image-inpainting systems."""

import importlib


def __getattr__(name: str):
    """`lacuna.load`, imported when it is asked for: the package itself stays light.

    By name, not by an import statement: those are followed for the digests of jobs, and no job uses `load`.
    """
    if name == "load":
        return importlib.import_module("lacuna.inpainting.models").load
    raise AttributeError(f"module 'lacuna' has no attribute '{name}'")
