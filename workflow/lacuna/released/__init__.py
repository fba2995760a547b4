"""Weights that systems' authors released: which there are, and how they come here."""
