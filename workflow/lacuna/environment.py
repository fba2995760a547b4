"""The environment that jobs inherit."""

import os
import sys
from pathlib import Path

from lacuna.errors import LacunaError
from lacuna.places import IN_WHEEL, PACKAGE

IMAGE = "LACUNA_IMAGE"


def find_this_python(cache_folder: str | Path = ".snakemake/lacuna") -> None:
    """Let jobs find the same Python and the same package, whether or not the virtual environment is activated."""
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [_package(cache_folder), os.environ.get("PYTHONPATH")]))
    # Waiting threads that spin take the processors from the jobs beside them: measured, a step six times as slow.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def container_image(used: bool) -> str:
    """The image that `--sdm apptainer` runs jobs in: `lacuna.sif` here, or the file or address in LACUNA_IMAGE.

    used: whether it is asked for now. It is then a `LacunaError` if it is a file that is not there.
    """
    image = os.environ.get(IMAGE) or "lacuna.sif"
    if used and "://" not in image and not Path(image).exists():
        raise LacunaError(
            f"--sdm apptainer runs jobs in the image {image}, which is not there; build it (docs/elsewhere.md), "
            f"or name another in {IMAGE}"
        )
    return image


def _package(cache_folder: str | Path) -> str:
    """A folder to import the package from, and nothing else.

    Beside an installed one lie the packages of this Python, which one of conda's environments may not import.
    """
    if not IN_WHEEL.is_dir():
        return str(PACKAGE.parent)
    link = Path(cache_folder, "package", PACKAGE.name).absolute()
    if not link.exists() or not link.samefile(PACKAGE):
        link.parent.mkdir(parents=True, exist_ok=True)
        partial = link.with_name(f"{link.name}.{os.getpid()}")
        partial.symlink_to(PACKAGE, target_is_directory=True)
        partial.replace(link)
    return str(link.parent)
