"""The config: its keys, each described once, and what refuses a wrong one before anything runs."""

from lacuna.config.checking import complete, validate
from lacuna.registry import suggest

__all__ = ["complete", "suggest", "validate"]
