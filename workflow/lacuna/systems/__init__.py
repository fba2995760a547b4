"""The registry: a system is a file of this folder, and the file's name is the system's name."""

from lacuna import registry

_APART = ("base",)


def names() -> tuple[str, ...]:
    """All systems, sorted: the files of this folder but `base` and those with a leading underscore."""
    return registry.names(__name__, _APART)


def system_class(name: str):
    """The class behind a system's name; only that system's file is imported."""
    return registry.load(__name__, name, "system", _APART).SYSTEM


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
