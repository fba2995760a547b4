"""Which two fills of which hole are shown: pairs of contestants in turn, on as many photographs as there are.

A contestant is (system, source). Every pair of contestants comes up equally often, but for the last turn. Images
follow each other so that every photograph is seen once before one is seen twice; fills that are equal to the last pixel
are not asked about.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

Contestant = tuple[str, str]


class Image(NamedTuple):
    """One hole in one image."""

    test_set: str
    image: str
    mask: str
    photograph: str


class Question(NamedTuple):
    """Fill a or fill b?"""

    a: Contestant
    b: Contestant
    image: Image


def in_turns(images: Sequence[Image], random: np.random.Generator) -> list[Image]:
    """The images in random order, but one of every photograph before the second of any."""
    drawn = [images[place] for place in random.permutation(len(images))]
    seen: dict[str, int] = {}
    turns = []
    for image in drawn:
        turns.append(seen.setdefault(image.photograph, 0))
        seen[image.photograph] += 1
    return [drawn[place] for place in np.argsort(turns, kind="stable")]


def questions(
    contestants: Sequence[Contestant],
    images: Sequence[Image],
    number: int,
    seed: int,
    differ: Callable[[Question], bool],
) -> list[Question]:
    """At most `number` different questions; fewer where no more pairs and images differ.

    differ: whether the two fills of a question are different pictures.
    """
    random = np.random.default_rng(seed)
    pairs, order = list(combinations(contestants, 2)), in_turns(images, random)
    free = {pair: list(order) for pair in pairs}  # the images that a pair has not met
    used: dict[Image, int] = dict.fromkeys(order, 0)
    found: list[Question] = []
    while len(found) < number and any(free.values()):
        for place in random.permutation(len(pairs)):
            pair = pairs[place]
            question = _next(pair, free[pair], used, differ) if len(found) < number else None
            if question:
                used[question.image] += 1
                a, b = pair if random.random() < 0.5 else pair[::-1]
                found.append(Question(a, b, question.image))
    return found


def _next(
    pair: tuple[Contestant, Contestant], free: list[Image], used: dict[Image, int], differ: Callable
) -> Question | None:
    """The question about a pair on the image that was asked about least; what does not differ is taken out for good."""
    for image in _least_used(free, used):
        free.remove(image)
        question = Question(pair[0], pair[1], image)
        if differ(question):
            return question
    return None


def _least_used(free: list[Image], used: dict[Image, int]) -> Iterator[Image]:
    yield from sorted(free, key=used.__getitem__)
