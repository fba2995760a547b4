"""What image sets fetch: the files of their addresses, below one folder that all runs share."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from lacuna.data.cards import Card, File
from lacuna.downloading import News, download, place_of, split_address, verified
from lacuna.errors import LacunaError
from lacuna.files import atomic, sha256_of

AT_ONCE = 4  # downloads


def wanted(card: Card, files: Sequence[File]) -> list[dict]:
    """Files of a published set, as `fetch` takes them."""
    return [{"set": card.name, "title": card.title, **asdict(file), "urls": list(file.urls)} for file in files]


def fetch(addresses: Sequence[str | dict], folder: str | Path, news: News | None = None) -> list[dict]:
    """Download the files of all addresses below `folder`; return `{url, sha256, bytes, path}` of each, in their order.

    An address is one of `lacuna.downloading.ADDRESS`, or a file of a published set as `wanted` gives it, which lies in
    the set's own folder. Some at once; one that is there already is verified, not fetched.

    Errors: a `LacunaError` that says where a file can be put by hand, if one cannot be had. The others are fetched all
    the same, and stay.
    """
    folder = Path(folder)
    by_hand = [each for each in addresses if isinstance(each, dict) and _is_asked_for(each, folder)]
    found, failed = list[dict](), list[LacunaError]()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        begun = [pool.submit(_one, each, folder, news) for each in addresses if each not in by_hand]
        for i, each in enumerate(begun):
            try:
                found.append(each.result())
                print(f"{i + 1} of {len(addresses)}: {found[-1]['path']}", flush=True)
            except LacunaError as error:
                failed.append(error)
    if by_hand:
        failed.append(_ask(by_hand, folder))
    for each_failed in failed[:-1]:
        print(each_failed, flush=True)
    if failed:
        raise failed[-1]
    return found


def _one(address: str | dict, folder: Path, news: News | None) -> dict:
    if isinstance(address, str):
        urls, checksum = split_address(address)
        place = place_of(address, folder)
    else:
        urls, checksum, place = address["urls"], address["checksum"], folder / address["set"] / address["name"]
    noted = place.with_name(f"{place.name}.sha256")
    expected = checksum or (noted.read_text().strip() if noted.is_file() else "")
    try:
        if urls:
            download(urls, expected, place, news)
        else:
            verified(place, expected)
    except LacunaError as error:
        raise LacunaError(f"{error} (the file belongs at {place})") from None
    sha256 = expected if len(expected) == 64 else sha256_of(place)
    if not expected:
        print(f"{place}: no hash of it is published; SHA-256 {sha256} is what is expected from now on", flush=True)
        with atomic(noted) as partial:
            partial.write_text(f"{sha256}\n")
    return {"url": urls[0] if urls else "", "sha256": sha256, "bytes": place.stat().st_size, "path": place.as_posix()}


def _is_asked_for(address: dict, folder: Path) -> bool:
    """Whether only a person can bring a file that is not there."""
    return not address["urls"] and not (folder / address["set"] / address["name"]).is_file()


def _ask(files: list[dict], folder: Path) -> LacunaError:
    names = ", ".join(each["name"] for each in files)
    ways = "; ".join(dict.fromkeys(each["ask"] for each in files))
    return LacunaError(
        f"{files[0]['title']} is given to people alone: {ways}; put {names} into {folder / files[0]['set']}, then run "
        "this again"
    )
