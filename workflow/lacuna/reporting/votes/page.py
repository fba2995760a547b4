"""The page that asks which of two fills is better: static files that name no system, and the key that does.

The folder can be handed to anybody or put on any server; pictures have numbers in a random order. Which fill is whose
stands in the key, a file outside the folder.
"""

import json
import os
import shutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image as Picture

from lacuna.canonical import digest, seed_of
from lacuna.data.compositing import composite_picture
from lacuna.data.images import read_image, read_mask
from lacuna.data.photographs import photographs_of
from lacuna.errors import LacunaError
from lacuna.files import write_rows
from lacuna.reporting.examples import prediction_files
from lacuna.reporting.votes.questions import Image, Question, questions

PAGE, DATA, PICTURES = "index.html", "data.js", "pictures"
GLOBAL = "lacunaVotes"  # the one name that data.js defines
HOLE = (230, 0, 126)  # magenta, as in the figures
# `a` and `b` are what a vote names; a ballot is one set of questions, by the digest of its key
KEY = ["ballot", "question", "system_a", "source_a", "system_b", "source_b", "test_set", "image", "mask", "photograph"]


def make_ballot(settings: dict, indices: Sequence[str | Path], folder: str | Path, key: str | Path) -> int:
    """Write the page into `folder`, whole or as it was, and then the key; returns how many questions there are.

    settings: `seed` and `questions`, the most that are asked. indices: index.csv of the predictions of all contestants.
    Where all systems fill all holes alike there are none, and the page says so. Errors: a `LacunaError` for a folder
    that is something else.
    """
    folder = Path(folder)
    if folder.exists() and not (folder / DATA).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise LacunaError(
            f"{folder} would be replaced, but it is not a page for votes; name another folder for the output"
        )
    files = prediction_files(indices)
    contestants = sorted({(system, source) for system, source, *_ in files})
    places = sorted({(test_set, image, mask) for _, _, test_set, image, mask in files})
    photographs = photographs_of([image for _, image, _ in places])
    images = [Image(*place, photograph) for place, photograph in zip(places, photographs, strict=True)]
    fills = _Fills(files)
    seed = seed_of("votes", settings["seed"])
    asked = questions(contestants, images, settings["questions"], seed, fills.differ)
    ballot, rows = _key(asked, fills)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    try:
        _write_page(partial, asked, ballot, fills, np.random.default_rng(seed))
        if folder.exists():
            shutil.rmtree(folder)
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    write_rows(key, rows, KEY)
    return len(asked)


class _Fills:
    """Composites, as they are needed."""

    def __init__(self, files: dict):
        self._files = files
        self.of = lru_cache(maxsize=256)(self._of)  # questions about one image lie near each other

    def _of(self, contestant: tuple[str, str], image: Image) -> np.ndarray:
        """uint8 H×W×3."""
        key = (*contestant, image.test_set, image.image, image.mask)
        if key not in self._files:
            raise LacunaError(
                f"{image.image} was not completed by '{contestant[0]}' trained on '{contestant[1]}', but by others; "
                "run the rule 'predict' again"
            )
        return composite_picture(read_image(self._files[key]), read_image(image.image), read_mask(image.mask))

    def differ(self, question: Question) -> bool:
        return bool((self.of(question.a, question.image) != self.of(question.b, question.image)).any())


def _key(asked: list[Question], fills: _Fills) -> tuple[str, list[dict]]:
    """The ballot's name and the rows of the key.

    The name covers every question and picture, so that votes on others are told apart. Of paths it covers the files'
    names alone: a run that was copied keeps its ballot.
    """
    rows = [
        {
            "question": f"{number:04d}",
            **dict(zip(("system_a", "source_a", "system_b", "source_b"), (*each.a, *each.b), strict=True)),
            **each.image._asdict(),
        }
        for number, each in enumerate(asked, 1)
    ]
    names = [[Path(value).name for value in row.values()] for row in rows]
    pictures = [digest(fills.of(side, each.image).tobytes()) for each in asked for side in (each.a, each.b)]
    ballot = digest(json.dumps([names, pictures]))
    return ballot, [{"ballot": ballot, **row} for row in rows]


def _write_page(folder: Path, asked: list[Question], ballot: str, fills: _Fills, random: np.random.Generator) -> None:
    numbers = iter(random.permutation(3 * len(asked)))
    (folder / PICTURES).mkdir(parents=True)
    names: dict[tuple, str] = {}

    def placed(key: tuple, make) -> str:
        if key not in names:
            names[key] = f"{PICTURES}/{next(numbers):04d}.png"
            Picture.fromarray(make()).save(folder / names[key])
        return names[key]

    shown = []
    for number, each in enumerate(asked, 1):
        question = {"id": f"{number:04d}", "input": placed(each.image, lambda each=each: _input(each.image))}
        for side, contestant in (("a", each.a), ("b", each.b)):
            make = lambda contestant=contestant, each=each: fills.of(contestant, each.image)  # noqa: E731
            question[side] = placed((contestant, each.image), make)
        shown.append(question)
    data = json.dumps({"ballot": ballot, "questions": shown}, separators=(",", ":"))
    text = f"window.{GLOBAL} = {data};\n"
    (folder / DATA).write_text(text, encoding="utf-8")
    (folder / PAGE).write_text(_page(text), encoding="utf-8")


def _input(image: Image) -> np.ndarray:
    """The image with its hole in one colour: uint8 H×W×3."""
    return composite_picture(np.array(HOLE, np.uint8), read_image(image.image), read_mask(image.mask))


def _page(data: str) -> str:
    here = Path(__file__)
    environment = Environment(
        loader=FileSystemLoader(here.parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    parts = {kind: Markup(here.with_suffix(f".{kind}").read_text(encoding="utf-8")) for kind in ("css", "js")}
    return environment.get_template("page.html").render(data=f"{DATA}?{digest(data)}", **parts)
