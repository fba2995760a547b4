"""Settings that no machine could build are refused before anything is built."""

import time

import pytest
import torch

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.systems._outline import check_outline

DEEP = [name for name in systems.names() if systems.system_class(name).facts.kind == "deep"]


@pytest.mark.parametrize("name", DEEP)
def test_every_system_can_be_outlined_at_every_size_that_it_has(name):
    kind = systems.system_class(name)
    for settings in ({}, kind.small, *kind.forms.values()):
        check_outline(name, settings, "these")


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("deepfillv2", {"width": 60_000}),
        ("aotgan", {"width": 65_000}),
        ("lama", {"width": 60_000}),
        pytest.param("aotgan", {"width": 4, "blocks": 60_000}, marks=pytest.mark.slow),
        ("aotgan", {"width": 4, "discriminator_width": 60_000}),
    ],
)
def test_absurd_settings_are_one_sentence_and_soon(name, settings):
    began = time.process_time()
    with pytest.raises(LacunaError, match=f"no network of system '{name}' can be built at w's settings .*0{{3}}"):
        check_outline(name, settings, "w's")
    assert time.process_time() - began < 30
    torch.nn.Linear(2, 3)  # nothing is counted any more


def test_wrong_settings_stay_the_system_s_own_sentence():
    with pytest.raises(LacunaError, match="no setting 'widht'"):
        check_outline("aotgan", {"widht": 3}, "these")
