"""How somebody's network wants its picture and its mask: what the config says of it, checked by trial."""

from dataclasses import dataclass

from lacuna.errors import LacunaError
from lacuna.keys import FilePath, key

DIGEST = (r"[0-9a-f]{64}", "64 hexadecimal digits, lower case")
MADE_HERE = (r"[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9][A-Za-z0-9_-]*", "the label and the source of a system, as a/b")


@dataclass(frozen=True, kw_only=True)
class Keys:
    """The keys that graphs and scripts share."""

    path: FilePath = key("the file", None)
    exported: str = key(
        "instead of a file, `system/source` of this run: the network that the run itself writes", None, form=MADE_HERE
    )
    sha256: str = key("the file's SHA-256; another file is refused", None, form=DIGEST)
    reads: tuple[float, float] = key("what black and white are in the numbers of its picture", None, shown="`[0, 1]`")
    answers: tuple[float, float] = key("the same in its answer", None, shown="`[0, 1]`")
    mask: tuple[float, float] = key("what known and hole are in the numbers of its mask", None, shown="`[0, 1]`")
    order: str = key(
        "which input comes first; with `joined`, which channels",
        None,
        choices=("image_mask", "mask_image"),
        shown="`image_mask`",
    )
    joined: bool = key("`true`: picture and mask are one input of four channels", None, shown="`false`")
    erased: bool = key(
        "`true`: the numbers of the picture are 0 in the hole; else they are the mean colour of what is known",
        None,
        shown="`false`",
    )
    size: tuple[int, int] = key(
        "`[width, height]` of the only pictures that it takes; smaller ones are mirrored at their edges, larger "
        "ones refused",
        None,
        minimum=1,
        maximum=8192,
        shown="any",
    )
    multiple: int = key("what width and height must be a multiple of", None, minimum=1, maximum=4096, shown="`8`")
    minimum: int = key("smallest width and height", None, minimum=1, maximum=8192, shown="`multiple`")
    output: int = key("which of its outputs is the picture, from 0", 0, minimum=0, maximum=99)
    returns: str = key(
        "`composite`: known pixels come back as they were; `raw`: the network's own everywhere; the trial must agree",
        None,
        choices=("raw", "composite"),
        shown="as the trial finds",
    )
    gpu: bool = key("`false`: it is run on the CPU, whether there is a GPU or not", True)
    memory_gb: float = key("addresses (GB) that its process may take on the CPU", 32.0, above=0, maximum=100_000)
    time_limit: float = key("seconds that a test set may take", 3600.0, above=0, maximum=10_000_000)


DESCRIBING = ("reads", "answers", "mask", "order", "joined", "erased", "size", "multiple", "minimum")


def check(entry: dict, where: str) -> None:
    """A `LacunaError` for no file or two, for ranges of no width, and for a size beside `multiple`."""
    if (entry.get("path") is None) == (entry.get("exported") is None):
        raise LacunaError(f"{where} needs either 'path' or 'exported'; give one of them")
    for name in ("reads", "answers", "mask"):
        low, high = entry.get(name) or (0, 1)
        if low == high:
            raise LacunaError(f"{where}.{name} is [{low}, {high}], where both mean one number; give two")
    if entry.get("size") and (entry.get("multiple") or entry.get("minimum")):
        raise LacunaError(f"{where} has 'size' beside 'multiple' or 'minimum'; a fixed size has no others")


def pinned(entry: dict) -> list[str]:
    """The file, if it is no other job's."""
    return [entry["path"]] if entry.get("path") is not None else []


def described(entry: dict) -> bool:
    """Whether the config says anything of the inputs."""
    return any(entry.get(name) is not None for name in DESCRIBING)
