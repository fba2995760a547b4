"""Trained networks as ONNX files that need nothing of this project."""
