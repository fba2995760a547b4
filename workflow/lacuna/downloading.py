"""Files out of the network, known by their SHA-256: gone on with where they broke off, and never half-done.

What has arrived lies beside the file, under a hidden name, until its hash is right; a server that drops connections is
asked for the rest (HTTP ranges, RFC 9110), one that is busy is waited for, and what a server says of lengths is
believed only as far as the hash agrees.
"""

import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lacuna.errors import LacunaError
from lacuna.files import sha256_of
from lacuna.locking import alone_in

ADDRESS = r"https?://[^\s#]+#sha256=[0-9a-f]{64}"
FORM = "an address with its hash, such as https://example.org/a.zip#sha256=<64 hexadecimal digits>"
ATTEMPTS = 5  # in a row that bring nothing new
MOST_ATTEMPTS = 200
SECONDS_BETWEEN_ATTEMPTS = 3.0  # twice as many after each that brings nothing
LONGEST_WAIT = 60.0
TIMEOUT_SECONDS = 60
SECONDS_BETWEEN_NEWS = 10.0
_PIECE = 1 << 18
_AGAIN = (408, 425, 429, 500, 502, 503, 504)


class _BrokenOff(Exception):
    """The rest may come with another attempt. wait: seconds that the server asks for."""

    def __init__(self, reason: str, wait: float = 0.0):
        super().__init__(reason)
        self.wait = wait


def split_address(address: str) -> tuple[str, str]:
    """URL and SHA-256 of an address of the form `ADDRESS`; another form is a `LacunaError`."""
    if not re.fullmatch(ADDRESS, address):
        raise LacunaError(f"the address {address[:200]!r} does not say what is there; give {FORM}")
    url, _, sha256 = address.partition("#sha256=")
    return url, sha256


def place_of(address: str, folder: str | Path) -> Path:
    """Where the file of an address lies below the folder of downloads: under its hash, called as its URL ends."""
    url, sha256 = split_address(address)
    last = unquote(urlsplit(url).path).rpartition("/")[2]
    name = re.sub(r"[^A-Za-z0-9._-]", "_", last).lstrip(".")[-100:]
    return Path(folder) / sha256[:16] / (name or "file")


def download(url: str, sha256: str, target: str | Path) -> Path:
    """Bring the file of a URL to `target`, if it is not there yet; return `target`.

    Errors: a `LacunaError` if it cannot be had, or is not the file of this hash: then what came is removed. After an
    interruption what has arrived stays for the next call. A file that is there already and has another hash is a
    `LacunaError`, too, and is left alone. Of several processes that want the same file one fetches it, the others wait.
    """
    target = Path(target)
    if target.is_file():
        return verified(target, sha256)
    part = target.with_name(f".{target.name}.part")
    with alone_in(target.parent, f"downloading {target.name}", of=part.name, wait=True):
        if target.is_file():  # by now
            return verified(target, sha256)
        _bring(url, sha256, part)
        part.replace(target)
    return target


def verified(path: Path, sha256: str) -> Path:
    """The path, if the file has this hash; else a `LacunaError`."""
    found = sha256_of(path)
    if found != sha256:
        raise LacunaError(
            f"{path} has the SHA-256 {found}, but SHA-256 {sha256} is expected; delete it, or put the right file there"
        )
    return path


def _bring(url: str, sha256: str, part: Path) -> None:
    """Make `part` the file of the hash, in as many attempts as bring something new."""
    in_vain, most, wait = 0, _size(part), SECONDS_BETWEEN_ATTEMPTS
    for _ in range(MOST_ATTEMPTS):
        begun = _size(part)
        try:
            _transfer(url, part)
        except _BrokenOff as broken:
            new = _size(part) > most
            most, in_vain = max(most, _size(part)), 0 if new else in_vain + 1
            if in_vain >= ATTEMPTS:
                if part.is_file() and sha256_of(part) == sha256:
                    return  # whole, whatever the server says of its length
                raise LacunaError(
                    f"{url} cannot be downloaded ({broken}); what has arrived is kept, so run this again later"
                ) from None
            wait = SECONDS_BETWEEN_ATTEMPTS if new else 2 * wait
            time.sleep(min(LONGEST_WAIT, max(wait, broken.wait)))
            continue
        found = sha256_of(part)
        if found == sha256:
            return
        part.unlink()
        if begun == 0:
            raise LacunaError(
                f"{url} has the SHA-256 {found}, but SHA-256 {sha256} is expected; correct the address or the hash"
            )
        most = 0  # the server's file is another than the one that was begun: once more from its beginning
    raise LacunaError(f"{url} broke off {MOST_ATTEMPTS} times; what has arrived is kept, so run this again later")


def _transfer(url: str, part: Path) -> None:
    """One request for what is missing of `part`; returns when the server has sent all that it promised."""
    begun = _size(part)
    request = urllib.request.Request(url, headers={"User-Agent": "lacuna", "Accept-Encoding": "identity"})
    if begun:
        request.add_header("Range", f"bytes={begun}-")
    with _as_broken_off(url, begun), urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
        goes_on = response.status == 206 and (response.headers.get("Content-Range") or "").startswith(f"bytes {begun}-")
        length = response.headers.get("Content-Length")
        promised = int(length) if length and length.isdigit() else None
        news, got = time.monotonic(), 0
        with part.open("ab" if goes_on else "wb") as stream:
            while piece := response.read(_PIECE):
                stream.write(piece)
                got += len(piece)
                if time.monotonic() - news > SECONDS_BETWEEN_NEWS:
                    news = time.monotonic()
                    whole = f" of {(promised + begun * goes_on) / 1e6:,.1f}" if promised else ""
                    print(f"{url}: {(got + begun * goes_on) / 1e6:,.1f}{whole} MB", flush=True)
        if promised is not None and got < promised:
            raise _BrokenOff(f"the connection ended after {got:,} of {promised:,} bytes")


@contextmanager
def _as_broken_off(url: str, begun: int) -> Iterator[None]:
    """Tell what another attempt may mend from what it cannot."""
    try:
        yield
    except urllib.error.HTTPError as error:
        if error.code == 416 and begun:
            return  # nothing is missing: the hash decides
        if error.code in (401, 403, 407):
            raise LacunaError(
                f"{url} is not given to everybody (HTTP {error.code}): open it in a browser, accept its terms or log "
                "in, and put the file where it is expected"
            ) from None
        if error.code not in _AGAIN:
            raise LacunaError(f"{url} cannot be downloaded (HTTP {error.code} {error.reason}); correct it") from None
        asked = error.headers.get("Retry-After") or ""
        raise _BrokenOff(f"HTTP {error.code}", float(asked) if asked.isdigit() else 0.0) from None
    except (urllib.error.URLError, HTTPException, ConnectionError, TimeoutError) as error:
        reason = getattr(error, "reason", None) or error or type(error).__name__
        raise _BrokenOff(str(reason)) from None


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
