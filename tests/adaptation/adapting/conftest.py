"""Pretrained networks of the systems are small random ones here."""

import pytest

from tests.adaptation.adapting import stand_ins
from tests.systems.conftest import one_thread, random_backbones  # noqa: F401


@pytest.fixture(autouse=True)
def sampling(monkeypatch):
    stand_ins.install(monkeypatch)
