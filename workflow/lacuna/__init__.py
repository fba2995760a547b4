"""Lacuna: a reproducible comparison of image-inpainting systems."""

import importlib


def __getattr__(name: str):
    """`lacuna.load` and `lacuna.__version__`, found when they are asked for: the package itself stays light.

    `load` by name, not by an import statement: those are followed for the digests of jobs, and no job uses it.
    """
    if name == "load":
        return importlib.import_module("lacuna.inpainting.models").load
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("lacuna")
    raise AttributeError(f"module 'lacuna' has no attribute '{name}'")
