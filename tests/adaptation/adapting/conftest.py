"""Pretrained networks of the systems are small random ones here."""

from tests.systems.conftest import one_thread, random_backbones  # noqa: F401
