"""One spelling for settings, digests and seeds, so that equal things always look equal, and what differs is named."""

import hashlib
import json
from collections.abc import Iterable


def canonical_json(value) -> str:
    """JSON with sorted keys and no spaces: the same settings always give the same string."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def flat(value: dict) -> dict[tuple[str, ...], object]:
    """Path of keys → value as JSON gives it back, for every value in a mapping that is not a mapping with keys."""
    found: dict[tuple[str, ...], object] = {}
    for key, each in value.items():
        if isinstance(each, dict) and each:
            found |= {(str(key), *path): inner for path, inner in flat(each).items()}
        else:
            found[(str(key),)] = json.loads(canonical_json(each))
    return found


def changes(then: dict, now: dict) -> dict[tuple[str, ...], str]:
    """Path of keys → `was 3 and is 4`, for every value that differs between two mappings."""
    old, new = flat(then), flat(now)
    return {
        path: f"was {_said(old, path)} and is {_said(new, path)}"
        for path in sorted(old.keys() | new.keys())
        if (path in old, old.get(path)) != (path in new, new.get(path))
    }


def _said(values: dict, path: tuple[str, ...]) -> str:
    text = json.dumps(values[path], ensure_ascii=False) if path in values else "not set"
    return text if len(text) <= 200 else f"{text[:197]}..."


def digest(*parts: bytes | str) -> str:
    """First 16 hexadecimal digits of the SHA-256 of the parts; the boundaries between parts count."""
    return digest_of(parts)


def digest_of(parts: Iterable[bytes | str]) -> str:
    """`digest` of parts that come one by one, however many they are."""
    sha = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        sha.update(len(data).to_bytes(8, "big") + data)
    return sha.hexdigest()[:16]


def seed_of(*names: str | int) -> int:
    """A 32-bit seed derived from the names of things, never from the order they are met in."""
    return int(digest(*(str(name) for name in names))[:8], 16)
