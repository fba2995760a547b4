"""Lacuna: a reproducible comparison of image-inpainting systems."""
