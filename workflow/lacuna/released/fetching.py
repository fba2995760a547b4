"""Bring released weights here: gone on with after an interruption, verified, and with a card of their origin."""

import shutil
import zipfile
from pathlib import Path

from lacuna.downloading import download
from lacuna.errors import LacunaError
from lacuna.files import atomic, read_json, sha256_of, write_json
from lacuna.places import WEIGHTS
from lacuna.released.catalogue import PREFIX, Released, released


def fetch_weights(name: str, folder: str | Path = WEIGHTS) -> Path:
    """Make `<folder>/<name>.<suffix>` the released weights of this name, and return its path; once there, it stays.

    Beside it `<file>.json` says what it is and where it came from. An archive is opened, and removed after that.
    Errors: a `LacunaError` for an unknown name, for weights that only people get, for addresses of which none answers
    (with what to do), and for a file of another SHA-256 than its host states: that is not kept.
    """
    entry = released(name)
    target = Path(folder, entry.stored)
    if target.is_file():
        return _as_fetched(entry, target)
    if not entry.fetched:
        why = "no address gives them to a program" if not entry.urls else "nobody states its SHA-256"
        raise LacunaError(
            f"the weights {entry.name} cannot be fetched and verified, because {why}; download them "
            f"from {entry.origin} in a browser, and name the file itself as weights"
        )
    arrived = target.with_name(f"{target.stem}.zip") if entry.member else target.with_name(f".{target.name}.verified")
    url = _downloaded(entry, arrived)
    card = {
        "name": entry.name,
        "system": entry.system,
        "data": entry.data,
        "licence": entry.licence,
        "origin": entry.origin,
        "url": url,
        "file": " / ".join(part for part in (entry.file, entry.member) if part),
        "file_sha256": entry.sha256,
    }
    with atomic(target) as partial:
        if entry.member:
            _extract(entry, arrived, partial)
        else:
            arrived.replace(partial)
        # the card before the weights: whoever finds the weights finds their card
        write_json(_card(target), {**card, "sha256": sha256_of(partial), "bytes": partial.stat().st_size})
    arrived.unlink(missing_ok=True)
    return target


def found(name: str, folder: str | Path = WEIGHTS) -> Path:
    """Where the weights of this name lie, with or without the prefix; a `LacunaError` if they were not fetched yet."""
    entry = released(name)
    target = Path(folder, entry.stored)
    if target.is_file():
        return target
    if not entry.fetched:
        fetch_weights(entry.name, folder)  # says why not, and what to do
    raise LacunaError(
        f"the weights {PREFIX}{entry.name} are not in {folder}; run `lacuna fetch-weights {entry.name}` first"
    )


def _as_fetched(entry: Released, target: Path) -> Path:
    """The path, if the file is the one that was fetched; else a `LacunaError`."""
    card = read_json(_card(target)) if _card(target).is_file() else {}
    expected = card.get("sha256") if isinstance(card, dict) and entry.member else entry.sha256
    if not expected or sha256_of(target) != expected:
        raise LacunaError(f"{target} is not the file that was fetched as {entry.name}; move it away and run this again")
    return target


def _card(target: Path) -> Path:
    return target.with_name(f"{target.name}.json")


def _downloaded(entry: Released, arrived: Path) -> str:
    """Bring the file to `arrived`, from the first address that gives it, and return that one."""
    reasons = []
    for url in entry.urls:
        try:
            download(url, entry.sha256, arrived)
        except LacunaError as error:
            reasons.append(str(error))
        else:
            return url
    raise LacunaError(
        f"the weights {entry.name} cannot be fetched ({'; '.join(reasons)}); download {entry.file} from {entry.origin} "
        f"in a browser, put it at {arrived} and run this again, which verifies it"
    )


def _extract(entry: Released, archive: Path, target: Path) -> None:
    """The member of a ZIP archive, as the file `target`."""
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(entry.member) as source, target.open("wb") as stream:
            shutil.copyfileobj(source, stream, 1 << 20)
    except (KeyError, zipfile.BadZipFile, EOFError) as error:
        raise LacunaError(
            f"{archive} holds no readable {entry.member} ({error}); delete it and run this again"
        ) from None
