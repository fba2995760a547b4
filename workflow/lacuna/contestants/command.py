"""Any program that fills a folder, or one picture at a time."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lacuna.errors import LacunaError
from lacuna.keys import FilePath, Note, key

FOLDERS, ONE = ("{images}", "{masks}", "{inputs}", "{predictions}"), ("{image}", "{mask}", "{prediction}")
PLACE = re.compile(r"\{(images|masks|inputs|predictions|image|mask|prediction|seed|threads)\}")
PATTERN = (
    r"([A-Za-z0-9_-][A-Za-z0-9_. -]*/)?[A-Za-z0-9_-]*\{stem\}[A-Za-z0-9_. -]*",
    "a name with {stem} in it, such as {stem}_result.png",
)
TRIED = 4  # pictures of the trial


@dataclass(frozen=True, kw_only=True)
class Keys:
    command: list[Note] = key(
        "the program and its arguments, one text each; no shell reads them. For a folder at a time: `{images}`, "
        "`{masks}` (or `{inputs}`, one folder with both) and `{predictions}`; for a picture at a time: `{image}`, "
        "`{mask}` and `{prediction}`; besides, `{seed}` and `{threads}`",
        least=1,
        repeats=True,
    )
    images: str = key("how the pictures that it is given are called", "{stem}.png", form=PATTERN)
    masks: str = key(
        "how their masks are called, such as `{stem}_mask001.png` beside the pictures in `{inputs}`",
        "{stem}.png",
        form=PATTERN,
    )
    outputs: str = key(
        "how the pictures that it writes are called, such as `{stem}_result.png`; the stems are `0000`, `0001`, …",
        "{stem}.png",
        form=PATTERN,
    )
    hole: str = key("what the hole is in the masks that it is given", "white", choices=("white", "black"))
    folder: FilePath = key("its working directory", None, shown="where Snakemake was started")
    environment: FilePath = key("a folder whose programs (in `bin`) it finds first, such as `.venv` or conda's", None)
    conda: FilePath = key("instead, a file of an environment of conda's, which is made once", None)
    container: FilePath = key("a container that apptainer runs it in, without network: a file or an address", None)
    files: list[FilePath] = key("files and folders that pin it, besides the files that `command` names", [])
    gpu: bool = key("`true`: the job asks for a GPU; without one for its job it sees none", False)
    time_limit: float = key("seconds that one start of it may take", 3600.0, above=0, maximum=10_000_000)


def check(entry: dict, where: str) -> None:
    """A `LacunaError` for placeholders that do not belong together, and for two environments."""
    words = "\0".join(entry["command"])
    folders, one = ([name for name in names if name in words] for names in (FOLDERS, ONE))
    if folders and one:
        raise LacunaError(
            f"{where}.command names {folders[0]} and {one[0]}; a program fills a folder or one picture, so name "
            "{images}, {masks}, {predictions} or {image}, {mask}, {prediction}"
        )
    together = ("{inputs}", "{predictions}")
    wanted: tuple[str, ...] = ONE if one else together if "{inputs}" in folders else FOLDERS[:2] + FOLDERS[3:]
    for name in wanted:
        if name not in words:
            raise LacunaError(
                f"{where}.command lacks {name}; it needs {', '.join(wanted)}, each somewhere in its words"
            )
    if "{inputs}" in folders and entry.get("images", "{stem}.png") == entry.get("masks", "{stem}.png"):
        raise LacunaError(f"{where}.masks would be called as the images of {{inputs}} are; give {{stem}}_mask.png")
    if PLACE.search(entry["command"][0]):
        raise LacunaError(f"{where}.command begins with {entry['command'][0]!r:.40}; begin with the program")
    if "\0" in "".join(entry["command"]):
        raise LacunaError(f"{where}.command holds a character that no argument can; take it out")
    given = [name for name in ("environment", "conda", "container") if entry.get(name) is not None]
    if len(given) > 1:
        raise LacunaError(f"{where} has {given[0]} and {given[1]}; a program runs in one of them")


def pinned(entry: dict) -> list[str]:
    """What `files` names, the arguments that are files, and those of its environment."""
    folder = Path(entry.get("folder", "."))
    named = [str(folder / word) for word in entry["command"] if len(word) < 256 and _is_file(folder / word)]
    around = [entry[name] for name in ("conda", "container") if name in entry]
    return [*named, *entry.get("files", []), *(path for path in around if "://" not in path)]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def answers(entry: dict, pictures, setting, files: list[str]) -> Iterator:
    """As `lacuna.contestants` says. The trial is of the first picture: twice as it is, then altered under and beside
    its hole. A program that fills a folder is started once for the trial and once for all pictures: the difference
    tells its start from its pictures where there are more than four. Holes hold the mean colour of what is known.
    """
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="lacuna-") as scratch:
        program = _Program(entry, setting, Path(scratch))
        tried = program.tried(*pictures[0])
        yield from program.each(pictures) if program.one else program.at_once(pictures, tried)


class _Program:
    """A command with a folder for what goes in and out."""

    def __init__(self, entry: dict, setting, scratch: Path):
        import shutil

        from lacuna.contestants._surroundings import variables

        self.entry, self.setting, self.work = entry, setting, scratch / "work"
        self.one = any("{prediction}" in word for word in entry["command"])
        self.folder = Path(entry.get("folder", ".")).absolute()
        self.variables = variables(entry, setting.gpus, setting.threads)
        setting.measured.device = "GPU" if setting.gpus else "CPU"
        if not self.folder.is_dir():
            raise LacunaError(f"the folder {self.folder} of system '{setting.label}' does not exist; correct 'folder'")
        name = entry["command"][0]
        path = self.folder / name if "/" in name else name
        if "container" not in entry and not shutil.which(path, path=self.variables.get("PATH")):
            raise LacunaError(
                f"the program {name} of system '{setting.label}' is not here; install it, or name its place, its "
                "'environment', 'conda' or 'container'"
            )
        setting.log.unlink(missing_ok=True)

    def tried(self, image, hole) -> float:
        """Seconds of the trial. A contestant that fails it is a `LacunaError`."""
        from lacuna.contestants._trial import altered, judged

        pairs = [(each, hole) for each in (image, image, altered(image, hole), altered(image, ~hole))]
        if self.one:
            made = []
            for pair in pairs:
                self._run([pair])
                made.append(self._wrote(0, hole.shape))
            seconds = 0.0
        else:
            seconds = self._run(pairs)
            made = [self._wrote(number, hole.shape) for number in range(len(pairs))]
        try:
            found = judged(image, hole, *made)
        except LacunaError as error:
            raise self._failed(error, "in its trial it ") from None
        self.setting.measured.returns = found.returns
        self.setting.measured.notes += [*found.sentences(), "it was given the mean colour of what is known in the hole"]
        return seconds

    def at_once(self, pictures, tried: float) -> Iterator:
        """All pictures by one start."""
        from lacuna.contestants._setting import erased

        measured, number, sizes = self.setting.measured, len(pictures), []

        def given():
            for image, hole in pictures:
                sizes.append(hole.shape)
                yield erased(image, hole), hole

        seconds = measured.seconds = self._run(given())
        if number > TRIED and seconds > tried:
            measured.startup = max(0.0, seconds - number * (seconds - tried) / (number - TRIED))
            measured.seconds = seconds - measured.startup
        else:
            measured.notes.append("its start could not be told from its pictures, and is among their seconds")
        for place, size in enumerate(sizes):
            yield self._wrote(place, size)

    def each(self, pictures) -> Iterator:
        """A start for each picture, which is among its seconds."""
        from lacuna.contestants._setting import erased

        measured = self.setting.measured
        measured.notes.append("it is started for every picture, and every start is among its seconds")
        for number, (image, hole) in enumerate(pictures):
            seconds = self._run([(erased(image, hole), hole)], number)
            measured.each.append(seconds)
            measured.seconds += seconds
            yield self._wrote(number, hole.shape)

    def _run(self, given: Iterable, first: int = 0) -> float:
        """Seconds of one start for some pictures with their holes, in a fresh folder; `first` is their first number."""
        import shutil

        from lacuna.contestants._program import run_program
        from lacuna.contestants._surroundings import contained

        shutil.rmtree(self.work, ignore_errors=True)
        together = any("{inputs}" in word for word in self.entry["command"])
        folders = {name: self.work / name for name in ("images", "masks", "inputs", "predictions")}
        for folder in folders.values():
            folder.mkdir(parents=True)
        places = {name: str(path) for name, path in folders.items()}
        for number, (image, hole) in enumerate(given, first):
            for what, values in (("images", image), ("masks", hole == (self.entry["hole"] == "white"))):
                path = folders["inputs" if together else what] / self._named(what, number)
                _save(path, values)
                places.setdefault(what.removesuffix("s"), str(path))
            self._target(number).parent.mkdir(exist_ok=True)
        places |= {"prediction": str(self._target(first)), "seed": str(self.setting.seed_of(first))}
        places["threads"] = str(self.setting.threads)
        words = [PLACE.sub(lambda match: places[match[1]], word) for word in self.entry["command"]]
        words = contained(self.entry, words, self.work.parent, self.folder, self.setting.gpus)
        try:
            ran = run_program(words, self.folder, self.variables, self.setting.log, self.entry["time_limit"])
        except LacunaError as error:
            raise self._failed(error) from None
        measured = self.setting.measured
        measured.peak_memory = max(measured.peak_memory or 0, ran.peak_memory or 0) or None
        return ran.seconds

    def _named(self, what: str, number: int) -> str:
        return self.entry[what].replace("{stem}", f"{number:04d}")

    def _target(self, number: int) -> Path:
        return self.work / "predictions" / self._named("outputs", number)

    def _wrote(self, number: int, size: tuple):
        from lacuna.contestants._outputs import output_of

        try:
            return output_of(self.work / "predictions", self.entry["outputs"], f"{number:04d}", size)
        except LacunaError as error:
            raise self._failed(error) from None

    def _failed(self, error: LacunaError, how: str = "it ") -> LacunaError:
        name = Path(self.entry["command"][0]).name
        return LacunaError(
            f"system '{self.setting.label}' failed ({name}): {how}{error}; its messages are in {self.setting.log}"
        )


def _save(path: Path, values) -> None:
    import numpy as np
    from PIL import Image

    path.parent.mkdir(exist_ok=True)
    values = values.astype(np.uint8) * 255 if values.dtype == bool else values
    Image.fromarray(values).save(path, "PNG", compress_level=1)
