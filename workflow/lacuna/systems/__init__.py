"""The registry: a system is a file of this folder, and the file's name is the system's name."""

import importlib
import pkgutil

from lacuna.errors import LacunaError


def names() -> tuple[str, ...]:
    """All systems, sorted: the files of this folder but `base` and those with a leading underscore."""
    found = (info.name for info in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if name != "base" and not name.startswith("_")))


def system_class(name: str):
    """The class behind a system's name; only that system's file is imported."""
    if name not in names():
        raise LacunaError(f"there is no system '{name}'; the known ones are {', '.join(names())}")
    return importlib.import_module(f"{__name__}.{name}").SYSTEM


def create(name: str, **settings):
    """A system at its authors' settings, but for those given. Unknown settings are a `LacunaError`."""
    return system_class(name)(**settings)


def load_released(name: str, mapping_or_path, part: str = "network", **settings):
    """A system with weights in its authors' key names: a mapping of arrays, or a `.pth`/`.safetensors` file.

    part: `network`, or `discriminator` where the system has one. Wrappers that name the part (`generator`, `netG`;
    `discriminator`, `netD`) or none (`module`, `state_dict`, …) are opened. Loading is strict: missing, extra and
    misshapen keys are one `LacunaError` that names them.
    """
    system = create(name, **settings)
    system.load_released(mapping_or_path, part)
    return system
