"""How an ONNX graph wants its picture and mask, and what its answer means: by its form, its note, or by trial.

A graph that `lacuna export` wrote says in its note what it takes. Of any other graph nothing is believed: made-up
pictures of known colours go through it, and what comes out says in which range it reads and answers, which value of
the mask is the hole, and whether what lies under the hole shines through.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lacuna.errors import LacunaError

METADATA_KEY = "lacuna"
TYPES: dict[str, type[np.uint8 | np.float32 | np.float16]] = {
    "tensor(uint8)": np.uint8,
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
}
# What black and white are in numbers. The first is tried first.
RANGES: dict[type[np.uint8 | np.float32 | np.float16], tuple[tuple[int, int], ...]] = {
    np.uint8: ((0, 255),),
    np.float32: ((0, 1), (0, 255), (-1, 1)),
    np.float16: ((0, 1), (0, 255), (-1, 1)),
}
MULTIPLES = (1, 8, 32, 64)  # that a free height and width may have to be a multiple of
LEAST = 64  # pixels: the least height and width that a graph is given whose own least is not known
KNOWN_ERROR, HOLE_ERROR = 0.1, 0.2  # mean differences on the [0, 1] scale that a graph may have on a smooth picture
ALIKE = 0.004  # one level of 255
UNSEEN = 0.01  # how much less than the known pixels those under the hole may change the answer

Run = Callable[[dict[str, np.ndarray]], list[np.ndarray]]


@dataclass(frozen=True)
class Port:
    """An input: its name, NumPy type, axes (`NCHW`, `NHWC`, `HWC` or `HW`), and (height, width), None where free."""

    name: str
    dtype: type[np.uint8 | np.float32 | np.float16]
    axes: str
    size: tuple[int | None, int | None]

    def laid_out(self, values: np.ndarray) -> np.ndarray:
        """H×W×C in this port's numbers as an array of its axes and type."""
        if self.axes == "HW":
            values = values[..., 0]
        elif self.axes == "NCHW":
            values = values.transpose(2, 0, 1)[None]
        elif self.axes == "NHWC":
            values = values[None]
        return np.ascontiguousarray(values.astype(self.dtype))


@dataclass(frozen=True)
class Interface:
    """Everything that is to be known for giving a graph a picture and understanding its answer.

    size: (height, width) if the graph takes no other; else sides are multiples of `multiple` and at least `minimum`.
    reads, answers: what black and white are in the picture and in the answer. hole: the mask's value there is the upper
    end of its range if True. output: index of the answer among the outputs. found: in words, for people; empty for a
    graph that says it all itself.
    """

    image: Port
    mask: Port
    size: tuple[int, int] | None
    multiple: int = 1
    minimum: int = 1
    reads: tuple[float, float] = (0, 1)
    answers: tuple[float, float] = (0, 1)
    hole_is_high: bool = True
    output: int = 0
    found: tuple[str, ...] = field(default=())

    def feed(self, image: np.ndarray, hole: np.ndarray) -> dict[str, np.ndarray]:
        """The graph's inputs for an image, uint8 or float in [0, 255], H×W×3, under a hole, bool H×W."""
        black, white = self.reads
        if (black, white) == (0, 255):
            values = image
        elif (black, white) == (0, 1):
            values = image / np.float32(255)
        else:
            values = image * np.float32((white - black) / 255) + np.float32(black)
        high = 255 if self.mask.dtype is np.uint8 else 1
        mask = np.where(hole == self.hole_is_high, high, 0)[..., None]
        return {self.image.name: self.image.laid_out(values), self.mask.name: self.mask.laid_out(mask)}

    def picture(self, outputs: Sequence[np.ndarray], height: int, width: int) -> np.ndarray:
        """Answer as float32 or uint8 H×W×3, in the graph's own numbers; a `LacunaError` says what is not a picture."""
        answer = np.asarray(outputs[self.output])
        layouts = {(height, width, 3): lambda: answer, (1, height, width, 3): lambda: answer[0]}
        layouts[1, 3, height, width] = lambda: answer[0].transpose(1, 2, 0)
        if answer.shape not in layouts or answer.dtype not in (np.uint8, np.float16, np.float32, np.float64):
            raise LacunaError(
                f"returns {_shape(answer.shape)} of {answer.dtype} for a picture of {height}×{width} pixels "
                "and three channels"
            )
        result = layouts[answer.shape]()
        return result if result.dtype == np.uint8 else result.astype(np.float32)

    def in_bytes(self, answer: np.ndarray) -> np.ndarray:
        """A `picture` of finite numbers as uint8: clamped to the range of the answers, rounded half to even."""
        if answer.dtype == np.uint8:
            return answer
        black, white = self.answers
        if (black, white) != (0, 1):
            answer = (answer - np.float32(black)) / np.float32(white - black)
        return np.rint(answer.clip(0, 1) * 255).astype(np.uint8)


def mirrored(size: int, padded: int) -> np.ndarray:
    """Indices 0 … size−1, then back and forth without repeating the edge, `padded` of them."""
    period = max(1, 2 * (size - 1))
    place = np.arange(padded) % period
    return np.minimum(place, period - place) if size > 1 else np.zeros_like(place)


def read_note(text: str | None) -> dict | None:
    """What `lacuna export` wrote about a graph; None for a graph without. A broken one is a `LacunaError`."""
    if text is None:
        return None
    try:
        note = json.loads(text)
    except (ValueError, RecursionError):
        note = None
    facts = note.get("size") if isinstance(note, dict) else None
    whole = isinstance(facts, dict) and all(
        type(facts.get(name)) is int and 1 <= facts[name] <= 4096 for name in ("multiple", "minimum")
    )
    if not whole or not isinstance(note.get("system"), str) or not note["system"].isprintable():
        raise LacunaError(f"has a note '{METADATA_KEY}' that is not one of `lacuna export`; export it again")
    return note


def declared(inputs: Sequence, outputs: Sequence, note: dict) -> Interface:
    """The interface of a graph that `lacuna export` wrote. inputs, outputs: as ONNX Runtime describes them."""
    image, mask = ports(inputs)
    kinds = (image.name, image.dtype, image.axes, mask.name, mask.dtype, mask.axes)
    of_bytes = kinds == ("image", np.uint8, "HWC", "mask", np.uint8, "HW")
    if not of_bytes and kinds != ("image", np.float32, "NCHW", "mask", np.float32, "NCHW"):
        raise LacunaError(f"takes {_described(inputs)}, which `lacuna export` writes into no graph; export it again")
    if len(outputs) != 1:
        raise LacunaError(f"returns {len(outputs)} arrays, where `lacuna export` writes one; export it again")
    scale = (0, 255) if of_bytes else (0, 1)
    facts = note["size"]
    return Interface(
        image, mask, fixed_size(image, mask), facts["multiple"], facts["minimum"], reads=scale, answers=scale
    )


def by_trial(inputs: Sequence, outputs: Sequence, run: Run) -> Interface:
    """The interface of a graph that nobody here wrote, found by running it on made-up pictures of its own size.

    Errors: a `LacunaError` that begins with a verb, about what was found instead of a system that fills holes.
    """
    image, mask = ports(inputs)
    size = fixed_size(image, mask)
    interface = Interface(image, mask, size, minimum=1 if size else LEAST, reads=RANGES[image.dtype][0])
    interface = _that_runs(interface, run)
    interface = _with_polarity(interface, run)
    return _with_ranges(interface, run, outputs[interface.output])


def _that_runs(interface: Interface, run: Run) -> Interface:
    """With a multiple of free sides, and an output, for which a picture comes back."""
    problems = []
    for multiple in (1,) if interface.size else MULTIPLES:
        tried = replace(interface, multiple=multiple, minimum=max(interface.minimum, multiple))
        trial = Trial.of(tried)
        try:
            outputs = run(tried.feed(trial.image, trial.hole))
            pictures = []
            for index in range(len(outputs)):
                try:
                    tried = replace(tried, output=index)
                    tried.picture(outputs, *trial.hole.shape)
                    pictures.append(index)
                except LacunaError as error:
                    problems.append(str(error))
        except LacunaError as error:
            problems.append(f"does not run on a made-up picture ({error})")
            continue
        if len(pictures) > 1:
            raise LacunaError(f"returns {len(pictures)} pictures, of which one would have to be chosen")
        if pictures:
            return replace(tried, output=pictures[0])
    raise LacunaError(problems[0] if problems else "returns nothing")


def _with_polarity(interface: Interface, run: Run) -> Interface:
    """Whether the hole is high in the mask: only what is known may change the answer."""
    trial = Trial.of(interface)
    for scale in RANGES[interface.image.dtype]:
        interface = replace(interface, reads=scale)
        first, again, under, beside = (
            _answer(interface, run, picture, trial.hole)
            for picture in (trial.image, trial.image, trial.changed(trial.hole), trial.changed(~trial.hole))
        )
        noise, inside, outside = (float(np.abs(first - other).max()) for other in (again, under, beside))
        if max(inside, outside) > 0:
            break
    if max(inside, outside) == 0:
        raise LacunaError("answers two different pictures alike, so that it fills no hole")
    if noise > UNSEEN * max(inside, outside):
        raise LacunaError("answers the same picture differently each time, so that nothing can be told by trial")
    if inside <= UNSEEN * outside:
        return replace(interface, hole_is_high=True)
    if outside <= UNSEEN * inside:
        return replace(interface, hole_is_high=False)
    raise LacunaError(
        "looks under the hole: what lies there changes its answer, whichever value of the mask is the hole"
    )


def _with_ranges(interface: Interface, run: Run, output) -> Interface:
    """The ranges with which the known pixels come back, and the hole gets the colours that surround it."""
    trial, found = Trial.of(interface), []
    kind = TYPES.get(output.type, np.float32)
    for reads in RANGES[interface.image.dtype]:
        tried = replace(interface, reads=reads)
        answer = _answer(tried, run, trial.image, trial.hole)
        for answers in RANGES[kind]:
            black, white = answers
            off = np.abs((answer - black) / (white - black) - trial.image / 255)
            known, hole = float(off[~trial.hole].mean()), float(off[trial.hole].mean())
            found.append((known + hole, known, hole, replace(tried, answers=answers), answer))
    least = min(each[0] for each in found)
    # a linear graph does the same in every range: the plainest is taken
    _, known, hole, best, answer = next(each for each in found if each[0] <= least + ALIKE)
    if not (known <= KNOWN_ERROR and hole <= HOLE_ERROR):
        raise LacunaError(
            f"does not fill a hole in a smooth made-up picture: its answer, from {answer.min():.3g} to "
            f"{answer.max():.3g}, is off by {known:.0%} of the range where the picture is known and by {hole:.0%} in "
            "the hole, in whatever range it is read"
        )
    words = [f"its picture is read as {_range(best.reads)}", f"its output '{output.name}' as {_range(best.answers)}"]
    words.append(f"{'white' if best.hole_is_high else 'black'} in its mask is the hole")
    return replace(best, found=tuple(words))


def _answer(interface: Interface, run: Run, image: np.ndarray, hole: np.ndarray) -> np.ndarray:
    answer = interface.picture(run(interface.feed(image, hole)), *hole.shape)
    if not np.isfinite(answer).all():
        raise LacunaError("answers a made-up picture with values that are not finite")
    return answer.astype(np.float64)


@dataclass(frozen=True)
class Trial:
    """A smooth picture, float32 H×W×3 in [0, 255], with another level in each channel, and a small hole, bool H×W."""

    image: np.ndarray
    hole: np.ndarray

    @classmethod
    def of(cls, interface: Interface) -> "Trial":
        if interface.size:
            height, width = interface.size
        else:  # odd multiples, and no square: what only fits by luck fails
            step = interface.multiple
            height, width = (max(1, round(side / step)) | 1 for side in (200, 300))
            height, width = height * step, width * step
        rows, columns = np.linspace(0, 1, height)[:, None], np.linspace(0, 1, width)[None]
        image = np.stack(
            [20 + 40 * rows + 20 * columns, 190 - 30 * rows + 40 * columns, 110 + 20 * rows - 50 * columns], -1
        )
        hole = np.zeros((height, width), bool)
        top, left = height // 3, width // 2
        hole[top : top + max(2, height // 32), left : left + max(2, width // 24)] = True
        return cls(np.rint(image).astype(np.float32), hole)

    def changed(self, where: np.ndarray) -> np.ndarray:
        """The picture with other values there."""
        return np.where(where[..., None], 255 - self.image[..., ::-1], self.image)


def ports(inputs: Sequence) -> tuple[Port, Port]:
    """(the picture's input, the mask's): told apart by their channels."""
    found: dict[int, list[Port]] = {1: [], 3: []}
    for each in inputs:
        for channels, port in readings(each):
            found[channels].append(port)
            break
    if len(inputs) != 2 or len(found[3]) != 1 or len(found[1]) != 1:
        raise LacunaError(f"takes {_described(inputs)}, not one picture of three channels and one mask")
    return found[3][0], found[1][0]


def readings(described) -> list[tuple[int, Port]]:
    """(channels, port) of an input as ONNX Runtime describes it; nothing for what is neither a picture nor a mask."""
    dtype, shape = TYPES.get(described.type), list(described.shape)
    fixed = [side if isinstance(side, int) and side > 0 else None for side in shape]
    if dtype is None or (len(shape) == 4 and fixed[0] not in (None, 1)):
        return []
    if len(shape) == 2:
        return [(1, Port(described.name, dtype, "HW", (fixed[0], fixed[1])))]
    readings = []
    for axes in ("NCHW", "NHWC", "HWC"):
        if len(axes) == len(shape) and (channels := fixed[axes.index("C")]) in (1, 3):
            size = fixed[axes.index("H")], fixed[axes.index("W")]
            readings.append((channels, Port(described.name, dtype, axes, size)))
    return readings


def fixed_size(image: Port, mask: Port) -> tuple[int, int] | None:
    """Height and width if the graph takes one size only; a side that is free beside a fixed one gets its length."""
    height, width = (one or other for one, other in zip(image.size, mask.size, strict=True))
    side = height or width
    return (side, width or side) if side else None


def _described(ports: Sequence) -> str:
    return ", ".join(f"{each.name} {each.type} {_shape(each.shape)}" for each in ports) or "nothing"


def _shape(shape: Sequence) -> str:
    return "×".join(str(side) for side in shape) or "a single number"


def _range(bounds: tuple[float, float]) -> str:
    return f"{bounds[0]}…{bounds[1]}"
