"""One spelling for settings, digests and seeds, so that equal things always look equal."""

import hashlib
import json


def canonical_json(value) -> str:
    """JSON with sorted keys and no spaces: the same settings always give the same string."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(*parts: bytes | str) -> str:
    """First 16 hexadecimal digits of the SHA-256 of the parts; the boundaries between parts count."""
    sha = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        sha.update(len(data).to_bytes(8, "big") + data)
    return sha.hexdigest()[:16]


def seed_of(*names: str | int) -> int:
    """A 32-bit seed derived from the names of things, never from the order they are met in."""
    return int(digest(*(str(name) for name in names))[:8], 16)
