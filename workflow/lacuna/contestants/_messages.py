"""Messages between two processes: a line of JSON, then arrays as plain bytes. Nothing in them is run."""

import json
from collections.abc import Callable

import numpy as np

from lacuna.errors import LacunaError

TYPES = {each.__name__: each for each in (np.uint8, np.bool_, np.float16, np.float32, np.float64, np.int32, np.int64)}
LONGEST_HEAD = 1_000_000
MOST_BYTES = 2**33


def send(write: Callable[[bytes], object], head: dict, arrays: list[np.ndarray] | None = None) -> None:
    """Write a message. head: what JSON can hold, without a key `arrays`."""
    arrays = [np.ascontiguousarray(each) for each in arrays or []]
    described = [[each.dtype.name, list(each.shape)] for each in arrays]
    write(json.dumps({**head, "arrays": described}).encode() + b"\n")
    for each in arrays:
        write(each.tobytes())


def receive(read: Callable[[int], bytes]) -> tuple[dict, list[np.ndarray]]:
    """The next message. read: gives as many bytes as it is asked for, fewer at the end. No message, or a broken or
    huge one, is a `LacunaError`."""
    line = bytearray()
    while not line.endswith(b"\n"):
        part = read(1)
        if not part or len(line) > LONGEST_HEAD:
            raise LacunaError("ended" if not part else "said what cannot be read as a message")
        line += part
    try:
        head = json.loads(line)
        arrays = []
        for name, shape in head.pop("arrays"):
            kind, number = np.dtype(TYPES[name]), int(np.prod([int(side) for side in shape], dtype=object))
            if number < 0 or number * kind.itemsize > MOST_BYTES or any(side < 0 for side in shape):
                raise ValueError("too large")
            data = read(number * kind.itemsize)
            arrays.append(np.frombuffer(data, kind, number).reshape(shape))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LacunaError(f"said what cannot be read as a message ({' '.join(str(error).split())[:80]})") from None
    return head, arrays
