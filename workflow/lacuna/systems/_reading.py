"""Files of weights: told by their content, read without running code, and with a sentence for what is in the way."""

import json
import struct
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open

from lacuna.errors import LacunaError
from lacuna.systems import _unpickling

METADATA_KEY = "lacuna"  # one key: the order of several is not the same in every file that safetensors writes
LONGEST_HEADER = 100_000_000  # bytes, safetensors' own limit
# How files begin that are taken for weights and are something else.
STRANGERS = (
    (b"<", "a web page, or another text of markup"),
    (b"version https://git-lfs", "a pointer of Git LFS, which stands for the file"),
    (b"\x89HDF\r\n", "an HDF5 file, as Keras writes them"),
    (b"\x1f\x8b", "packed by gzip"),
    (b"7z\xbc\xaf", "packed by 7-Zip"),
    (b"Rar!", "packed by RAR"),
    (b"GGUF", "a GGUF file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)


def read_tensors(path: str | Path) -> tuple[Mapping, dict[str, str]]:
    """(what the file holds, its metadata) of a safetensors file, or of a PyTorch file read without running its code.

    Which of the two it is its content says. Objects of unknown classes in a PyTorch file become empty stand-ins. A file
    that is missing, a folder, cut off, damaged, of another kind, or without names is a `LacunaError`.
    """
    path = weights_file(path)
    if _is_safetensors(path):
        metadata = read_metadata(path)
        try:
            with safe_open(path, framework="pt") as stream:
                return {name: stream.get_tensor(name) for name in stream.keys()}, metadata  # noqa: SIM118
        except Exception as error:  # what safetensors raises has no common class but Exception
            raise _damaged(path, error) from None
    if zipfile.is_zipfile(path) and _is_program(path):
        raise LacunaError(f"the weights {path} are a TorchScript program; save the network's `state_dict()` instead")
    if tarfile.is_tarfile(path):
        raise LacunaError(f"the weights {path} are a tar archive; name a file in it, or save it by `torch.save`")
    try:
        held = torch.load(path, map_location="cpu", pickle_module=_unpickling, weights_only=False)
    except Exception as error:  # a broken pickle can raise anything
        raise _damaged(path, error) from None
    return mapping_of_names(held, f"the weights {path}"), {}


def weights_file(path: str | Path) -> Path:
    """The path, if a file lies there that may hold weights; if not, a `LacunaError` says what lies there."""
    path = Path(path)
    if path.is_dir():
        raise LacunaError(f"the weights {path} are a folder; name the file in it")
    if not path.exists():
        raise LacunaError(f"the weights {path} do not exist; correct the name, or train the system or fetch them first")
    if not path.is_file():
        raise LacunaError(f"the weights {path} are not a regular file; name one")
    with path.open("rb") as stream:
        start = stream.read(512)
    if not start:
        raise LacunaError(f"the weights {path} are an empty file; get the file again")
    for sign, words in STRANGERS:
        if start.lstrip().startswith(sign):
            raise LacunaError(f"the weights {path} are not a file of weights but {words}; get the file itself")
    if start.startswith(b"PK") and not zipfile.is_zipfile(path):
        raise LacunaError(f"the weights {path} cannot be read: the file is cut off; get it again")
    return path


def read_metadata(path: str | Path) -> dict[str, str]:
    """The metadata of a file of weights, {} for a PyTorch file; errors as in `read_tensors`."""
    path = weights_file(path)
    if not _is_safetensors(path):
        return {}
    size = path.stat().st_size
    with path.open("rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8))
        if length > LONGEST_HEADER:
            raise LacunaError(f"the weights {path} cannot be read: the file is damaged (its header); get it again")
        text = stream.read(length)
    try:
        header = json.loads(text) if len(text) == length else None
        ends = [value["data_offsets"][1] for name, value in (header or {}).items() if name != "__metadata__"]
        metadata = (header or {}).get("__metadata__") or {}
        cut = header is None or 8 + length + max(ends, default=0) > size
        sound = all(isinstance(each, str) for pair in metadata.items() for each in pair)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        cut, sound = False, False
    if cut or not sound:
        what = "cut off" if cut else "damaged"
        raise LacunaError(f"the weights {path} cannot be read: the file is {what}; get it again")
    return metadata


def read_note(metadata: Mapping[str, str], path: str | Path) -> dict | None:
    """What `lacuna train` wrote into its weights, at least `system` and `settings`; None for others' weights.

    A note of another form is a `LacunaError`.
    """
    if METADATA_KEY not in metadata:
        return None
    try:
        note = json.loads(metadata[METADATA_KEY])
    except (ValueError, RecursionError):
        note, reason = None, "is not valid JSON"
    else:
        reason = "is not an object of JSON"
    if isinstance(note, dict):
        if isinstance(note.get("system"), str) and isinstance(note.get("settings"), dict):
            return note
        missing = "system" if not isinstance(note.get("system"), str) else "settings"
        reason = f"has no '{missing}'" if missing not in note else f"has a '{missing}' of another kind"
    raise LacunaError(
        f"the note '{METADATA_KEY}' in the weights {path} {reason}, so `lacuna train` did not write it; "
        "get the file again, or save its weights without the note and name the system"
    )


def mapping_of_names(value, what: str) -> Mapping:
    """The value, if it maps names to something; otherwise a `LacunaError` that begins with `what`."""
    # an object of a class that was not imported may be a dictionary, and if it is empty is not
    if isinstance(value, Mapping) and (value or not isinstance(value, _unpickling.Inert)):
        if all(isinstance(key, str) for key in value):
            return value
        kind = "some keys that are not names"
    else:
        kind = f"one {type(value).__qualname__}"
    raise LacunaError(f"{what} must map names to arrays, not hold {kind}; save the network's `state_dict()`")


def _is_safetensors(path: Path) -> bool:
    """Whether eight bytes of a header's length and its brace come first: a pickle that looks so has a huge length."""
    with path.open("rb") as stream:
        start = stream.read(9)
    return start[8:] == b"{" and (start[:1] != b"\x80" or start[7:8] == b"\0")


def _is_program(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return any(Path(name).name == "constants.pkl" for name in archive.namelist())


def _damaged(path: Path, error: Exception) -> LacunaError:
    words = str(error).split("\n")[0].strip() or type(error).__name__
    reason = "".join(letter for letter in words if letter.isprintable())[:200]
    return LacunaError(
        f"the weights {path} cannot be read: the file is damaged, or is not a file of weights ({reason}); get it again"
    )
