"""What a training is told, checked."""

import pytest

from lacuna.errors import LacunaError
from lacuna.training.settings import parse

WHOLE = {"system": "aotgan", "settings": {}, "source": "a", "image_size": 64, "seed": 1, "training": {"iterations": 3}}


def test_defaults_are_filled_in():
    settings = parse(WHOLE)
    assert settings.training.iterations == 3 and settings.training.precision == "32-true"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"sead": 1}, "no key 'sead'.*seed"),
        ({"training": {"iteration": 3}}, "no key 'iteration'.*iterations"),
        ({"training": {"iterations": 3, "seconds": 3}}, "one of them"),
        ({"training": {"iterations": 0}}, "is 0; give a whole number from 1 to"),
        ({"training": {"batch_size": 2.5}}, "whole number"),
        ({"training": {"seconds": -1}}, "above 0"),
        ({"training": {"decay_from": 1}}, "below 1"),
        ({"training": {"ema": 1}}, "'ema' of training is 1; give a number above 0 and below 1"),
        ({"training": {"flip": 1}}, "is 1; give true or false"),
        ({"training": {"precision": "16-mixed"}}, "is '16-mixed': did you mean 'bf16-mixed'"),
    ],
)
def test_mistakes_are_one_sentence(change, complaint):
    with pytest.raises(LacunaError, match=complaint):
        parse({**WHOLE, **change})


def test_a_missing_key_is_named():
    with pytest.raises(LacunaError, match="lack the key 'seed'"):
        parse({key: value for key, value in WHOLE.items() if key != "seed"})
