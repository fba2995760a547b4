"""Blocks that two or more systems share."""
