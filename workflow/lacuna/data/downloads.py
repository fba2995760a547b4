"""What image sets fetch: the files of their addresses, below one folder that all runs share."""

from pathlib import Path

from lacuna.downloading import download, place_of, split_address
from lacuna.errors import LacunaError


def fetch(addresses: list[str], folder: str | Path) -> list[dict]:
    """Download the files of all addresses below `folder`; return `{url, sha256, bytes, path}` of each, in their order.

    Errors: a `LacunaError` that says where a file can be put by hand, if one cannot be had. Those that were had stay.
    """
    found = []
    for i, address in enumerate(addresses):
        url, sha256 = split_address(address)
        place = place_of(address, folder)
        try:
            download(url, sha256, place)
        except LacunaError as error:
            raise LacunaError(f"{error} (the file belongs at {place})") from None
        found.append({"url": url, "sha256": sha256, "bytes": place.stat().st_size, "path": place.as_posix()})
        print(f"{i + 1} of {len(addresses)}: {place}", flush=True)
    return found
