"""Mask families, one file each, and the frozen sets made from them."""
