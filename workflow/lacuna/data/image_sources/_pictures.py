"""From the members of stores to photographs: which are pictures, and what is passed over."""

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

from lacuna.data.formats import SUFFIXES
from lacuna.data.image_sources._members import Store
from lacuna.data.origins import Origin, PassedOver, Photographs, workers

_AT_ONCE = 256  # members that are hashed ahead


def pictures_of(
    stores: Sequence[Store],
    wanted: Callable[[str], bool],
    none_found: Callable[[], Exception],
    by_suffix: bool = True,
) -> Photographs:
    """The `Photographs` among the members whose names are wanted, known by the SHA-256 of their bytes.

    Passed over is what is no picture by its suffix, links, devices and hidden files, and what is damaged.
    none_found: makes the error where no picture is left. by_suffix: names have suffixes that tell.
    """

    def read(place: str):
        from lacuna.data.decoding import decode

        number, _, inner = place.partition("/")
        return decode(io.BytesIO(stores[int(number)].read(inner)))

    return Photographs(_listed(stores, wanted, none_found, by_suffix), read)


def hidden(name: str) -> bool:
    """Whether a member is hidden, or one of the files that macOS puts beside every other."""
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def _listed(stores, wanted, none_found, by_suffix) -> Iterator[Origin | PassedOver]:
    found = 0
    for number, store in enumerate(stores):
        waiting = []
        for member in store.members():
            if not wanted(member.name):
                continue
            why_not = member.why_not or ("hidden" if hidden(member.name) else "")
            if by_suffix and not why_not and PurePosixPath(member.name).suffix.lower() not in SUFFIXES:
                why_not = "not a picture"
            if why_not:
                yield PassedOver(member.name, f"passed over: {why_not}")
                continue
            waiting.append((number, store, member))
            if len(waiting) == _AT_ONCE:
                for each in _hashed(waiting):
                    found += isinstance(each, Origin)
                    yield each
                waiting = []
        for each in _hashed(waiting):
            found += isinstance(each, Origin)
            yield each
    if not found:
        raise none_found()


def _hashed(waiting: list) -> Iterator[Origin | PassedOver]:
    def known(each) -> Origin | PassedOver:
        number, store, member = each
        try:
            sha256 = hashlib.sha256(store.read(member.place)).hexdigest()
        except OSError as error:
            return PassedOver(member.name, f"cannot be read: {error}")
        return Origin(member.name, sha256, f"{number}/{member.place}", store.path)

    if waiting:
        with workers() as pool:
            yield from pool.map(known, waiting)
