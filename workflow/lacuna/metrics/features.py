"""Features of a set of images, of the Inception and of others: extracted once, kept in a file, shared by metrics."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from lacuna.canonical import canonical_json, digest
from lacuna.data.compositing import composite_picture
from lacuna.data.images import read_image
from lacuna.data.photographs import photographs_of
from lacuna.errors import LacunaError
from lacuna.files import atomic
from lacuna.metrics.facts import INCEPTION
from lacuna.metrics.triples import Files, read_triple, truth_of

KINDS = ("raw", "composite", "truth")
BATCH = 16


class Features(NamedTuple):
    """What a file of features holds: float32 N×D for each network and kind of prediction (by `key`), the names it was
    made under, a digest of which images it is of, in which order (not of their pixels), and the number of each image's
    photograph."""

    of: dict[str, np.ndarray]
    names: dict[str, str]
    images: str
    photographs: list[int]


def key(network: str, kind: str) -> str:
    """Under which name `Features.of` has a network's features of a kind."""
    return kind if network == INCEPTION else f"{network}/{kind}"


def extract(
    files: Sequence[Files],
    kinds: Sequence[str],
    backbones: str | Path,
    device,
    invert: bool = False,
    progress: Callable[[int], None] = lambda done: None,
    inception: bool = True,
    embeddings: dict[str, dict] | None = None,
) -> dict[str, np.ndarray]:
    """`key` of network and kind (of `KINDS`) → features float32 N×D, in the order of `files`, on a torch device.

    inception: its 2048 features. embeddings: name → settings of `lacuna.metrics.embedding`, of other networks.

    For `truth` alone masks and predictions are not read, and without `composite` a mask may be "" and is not read
    either; `invert`: black is the hole of the masks. progress: called with the number of images that are done. Threads
    read and resize while the network works.
    """
    from lacuna.metrics.embedding import Embedding

    networks: dict[str, Any] = {INCEPTION: _Inception(backbones, device)} if inception else {}
    networks |= {label: Embedding(label, settings, device) for label, settings in (embeddings or {}).items()}
    found: dict[str, list] = {key(label, kind): [] for label in networks for kind in kinds}
    done = 0
    for batch in _batches(files, kinds, invert, networks):
        for label, network in networks.items():
            for kind, images in batch[label].items():
                found[key(label, kind)].append(network.vectors(images))
        done += len(images)
        progress(done)
    return {name: np.concatenate(parts) for name, parts in found.items()}


class _Inception:
    """The Inception as an `Embedding` is used."""

    def __init__(self, backbones: str | Path, device):
        from lacuna.metrics.inception import InceptionFID, resize

        self.network, self.device, self.prepare = InceptionFID(backbones).to(device), device, resize

    def vectors(self, images: np.ndarray) -> np.ndarray:
        import torch

        return self.network(torch.from_numpy(images).to(self.device)).cpu().numpy()


def _batches(
    files: Sequence[Files], kinds: Sequence[str], invert: bool, networks: dict
) -> Iterator[dict[str, dict[str, np.ndarray]]]:
    """network → kind → what the network takes, float32 n×3×h×w; the next batch is read while one is used."""

    def batch(start: int) -> dict[str, dict[str, np.ndarray]]:
        read = [_pictures(each, kinds, invert) for each in files[start : start + BATCH]]
        return {
            label: {kind: np.stack([network.prepare(pictures[kind]) for pictures in read]) for kind in kinds}
            for label, network in networks.items()
        }

    with ThreadPoolExecutor(1) as pool:
        starts = range(0, len(files), BATCH)
        ahead = pool.submit(batch, 0)
        for following in [*starts[1:], None]:
            ready = ahead.result()
            if following is not None:
                ahead = pool.submit(batch, following)
            yield ready


def _pictures(files: Files, kinds: Sequence[str], invert: bool) -> dict[str, np.ndarray]:
    """kind → uint8 H×W×3."""
    if set(kinds) == {"truth"}:
        return {"truth": read_image(truth_of(files))}
    if not files[1]:
        pixels = {"truth": truth_of(files), "raw": files[2]}
        return {kind: read_image(pixels[kind]) for kind in kinds}
    truth, hole, raw, image = read_triple(files, invert)
    made = {"truth": lambda: truth, "raw": lambda: raw, "composite": lambda: composite_picture(raw, image, hole)}
    return {kind: made[kind]() for kind in kinds}


def images_digest(files: Sequence[Files]) -> str:
    """Digest of which images and masks a set is of, in their order."""
    return digest(*(str(path) for each in files for path in each[:2]))


def photograph_numbers(files: Sequence[Files]) -> list[int]:
    """0, 1, … for the photograph that each image was cut from, in the order of first appearance."""
    photographs = photographs_of([each[0] for each in files])
    numbers = {name: number for number, name in enumerate(dict.fromkeys(photographs))}
    return [numbers[name] for name in photographs]


def write_features(path: str | Path, features: Features) -> None:
    """A `.safetensors` file; equal features give equal bytes."""
    if Path(path).suffix != ".safetensors":
        raise LacunaError(f"features are written as .safetensors, not as {path}; name the output accordingly")
    kept = {"names": features.names, "images": features.images, "photographs": features.photographs}
    about = {"about": canonical_json(kept)}
    with atomic(path) as partial:
        save_file({kind: np.ascontiguousarray(array) for kind, array in features.of.items()}, partial, about)


def read_features(path: str | Path) -> Features:
    """What `write_features` wrote; anything else is a `LacunaError`."""
    try:
        with safe_open(str(path), framework="numpy") as stream:
            about = json.loads(stream.metadata()["about"])
            of = {kind: stream.get_tensor(kind) for kind in stream.keys()}  # noqa: SIM118 - not a dictionary
        return Features(of, about["names"], about["images"], about["photographs"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise LacunaError(f"{path} cannot be read as features ({error}); run `lacuna step features` again") from None
