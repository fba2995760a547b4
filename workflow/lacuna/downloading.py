"""Files out of the network, known by their SHA-256: gone on with where they broke off, and never half-done.

What has arrived lies beside the file, under a hidden name, until its hash is right; a server that drops connections is
asked for the rest (HTTP ranges, RFC 9110), one that is busy is waited for, and what a server says of lengths is
believed only as far as the hash agrees.
"""

import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lacuna.errors import LacunaError
from lacuna.files import hash_of
from lacuna.locking import alone_in

ADDRESS = r"https?://[^\s#]+( https?://[^\s#]+)*#sha256=[0-9a-f]{64}"
FORM = "an address with its hash, such as https://example.org/a.zip#sha256=<64 hexadecimal digits>"
ATTEMPTS = 5  # in a row that bring nothing new
MOST_ATTEMPTS = 200
SECONDS_BETWEEN_ATTEMPTS = 3.0  # twice as many after each that brings nothing
LONGEST_WAIT = 60.0
TIMEOUT_SECONDS = 60
SECONDS_BETWEEN_NEWS = 10.0
_PIECE = 1 << 18
News = Callable[[str, int, int | None], None]
"""Of a download: its URL, how many bytes are there, and of how many, where the server says it."""
_AGAIN = (408, 425, 429, 500, 502, 503, 504)


class _BrokenOff(Exception):
    """The rest may come with another attempt. wait: seconds that the server asks for."""

    def __init__(self, reason: str, wait: float = 0.0):
        super().__init__(reason)
        self.wait = wait


def split_address(address: str) -> tuple[list[str], str]:
    """URLs and SHA-256 of an address of the form `ADDRESS`; another form is a `LacunaError`.

    Several URLs, a space between them, are mirrors.
    """
    if not re.fullmatch(ADDRESS, address):
        raise LacunaError(f"the address {address[:200]!r} does not say what is there; give {FORM}")
    urls, _, sha256 = address.partition("#sha256=")
    return urls.split(" "), sha256


def place_of(address: str, folder: str | Path) -> Path:
    """Where the file of an address lies below the folder of downloads: under its hash, called as its URL ends."""
    urls, sha256 = split_address(address)
    last = unquote(urlsplit(urls[0]).path).rpartition("/")[2]
    name = re.sub(r"[^A-Za-z0-9._-]", "_", last).lstrip(".")[-100:]
    return Path(folder) / sha256[:16] / (name or "file")


def download(urls: str | Sequence[str], checksum: str, target: str | Path, news: News | None = None) -> Path:
    """Bring the file of a URL to `target`, if it is not there yet; return `target`.

    urls: one, or mirrors that are asked in turn. checksum: SHA-256 or MD5 in hexadecimal, told by its length; empty
    where none is known: then the lengths that the server says are believed. news: is told of every piece (`News`);
    without it a line is printed now and then.

    Errors: a `LacunaError` if it cannot be had, or is not the file of this hash: then what came is removed. After an
    interruption what has arrived stays for the next call. A file that is there already and has another hash is a
    `LacunaError`, too, and is left alone. Of several processes that want the same file one fetches it, the others wait.
    """
    target, mirrors = Path(target), [urls] if isinstance(urls, str) else list(urls)
    if target.is_file():
        return verified(target, checksum)
    part = target.with_name(f".{target.name}.part")
    with alone_in(target.parent, f"downloading {target.name}", of=part.name, wait=True):
        if target.is_file():  # by now
            return verified(target, checksum)
        for left, url in zip(reversed(range(len(mirrors))), mirrors, strict=True):
            try:
                _bring(url, checksum, part, news or _printed())
                break
            except LacunaError as error:
                if not left:
                    raise
                print(f"{error}; asking the next mirror", flush=True)
        part.replace(target)
        _version_of(part).unlink(missing_ok=True)
    return target


def _printed() -> News:
    """A line every few seconds."""
    last = time.monotonic()

    def news(url: str, got: int, whole: int | None) -> None:
        nonlocal last
        if time.monotonic() - last > SECONDS_BETWEEN_NEWS:
            last = time.monotonic()
            of = f" of {whole / 1e6:,.1f}" if whole else ""
            print(f"{url}: {got / 1e6:,.1f}{of} MB", flush=True)

    return news


def verified(path: Path, checksum: str) -> Path:
    """The path, if the file has this hash, or none is known; else a `LacunaError`."""
    if (found := _found(path, checksum)) != checksum:
        kind = _kind(checksum)
        raise LacunaError(
            f"{path} has the {kind} {found}, but {kind} {checksum} is expected; delete it, or put the right file there"
        )
    return path


def _kind(checksum: str) -> str:
    return "MD5" if len(checksum) == 32 else "SHA-256"


def _found(path: Path, checksum: str) -> str:
    """The hash of a file, of the kind of the one that is expected; empty where none is."""
    return hash_of(path, "md5" if len(checksum) == 32 else "sha256") if checksum else ""


def _bring(url: str, checksum: str, part: Path, news: News) -> None:
    """Make `part` the file of the hash, in as many attempts as bring something new."""
    in_vain, most, wait = 0, _size(part), SECONDS_BETWEEN_ATTEMPTS
    for _ in range(MOST_ATTEMPTS):
        begun = _size(part)
        try:
            _transfer(url, checksum, part, news)
        except _BrokenOff as broken:
            new = _size(part) > most
            most, in_vain = max(most, _size(part)), 0 if new else in_vain + 1
            if in_vain >= ATTEMPTS:
                if checksum and part.is_file() and _found(part, checksum) == checksum:
                    return  # whole, whatever the server says of its length
                raise LacunaError(
                    f"{url} cannot be downloaded ({broken}); what has arrived is kept, so run this again later"
                ) from None
            wait = SECONDS_BETWEEN_ATTEMPTS if new else 2 * wait
            time.sleep(min(LONGEST_WAIT, max(wait, broken.wait)))
            continue
        found = _found(part, checksum)
        if found == checksum:
            return
        part.unlink()
        if begun == 0:
            kind = _kind(checksum)
            raise LacunaError(
                f"{url} has the {kind} {found}, but {kind} {checksum} is expected; correct the address or the hash"
            )
        most = 0  # the server's file is another than the one that was begun: once more from its beginning
    raise LacunaError(f"{url} broke off {MOST_ATTEMPTS} times; what has arrived is kept, so run this again later")


def _transfer(url: str, checksum: str, part: Path, news: News) -> None:
    """One request for what is missing of `part`; returns when the server has sent all that it promised."""
    version = _version_of(part)
    if not checksum and not version.is_file():
        part.unlink(missing_ok=True)  # nothing says that the rest would be of the same file
    begun = _size(part)
    request = urllib.request.Request(url, headers={"User-Agent": "lacuna", "Accept-Encoding": "identity"})
    if begun:
        request.add_header("Range", f"bytes={begun}-")
        if not checksum:
            request.add_header("If-Range", version.read_text())
    with _as_broken_off(url, begun), urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
        goes_on = response.status == 206 and (response.headers.get("Content-Range") or "").startswith(f"bytes {begun}-")
        length = response.headers.get("Content-Length")
        promised = int(length) if length and length.isdigit() else None
        whole = promised + begun * goes_on if promised is not None else None
        if not checksum and not goes_on:
            version.unlink(missing_ok=True)
            if (tag := response.headers.get("ETag") or "").startswith('"'):  # a weak one does not promise equal bytes
                version.write_text(tag)
        got = 0
        with part.open("ab" if goes_on else "wb") as stream:
            while piece := response.read(_PIECE):
                stream.write(piece)
                got += len(piece)
                news(url, got + begun * goes_on, whole)
        if promised is not None and got < promised:
            raise _BrokenOff(f"the connection ended after {got:,} of {promised:,} bytes")


def _version_of(part: Path) -> Path:
    """Where the server's name for the version that was begun is kept, of a file without a known hash."""
    return part.with_name(f"{part.name}.version")


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
