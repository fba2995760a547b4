"""Test-time training: a trained network learns on from the very picture that it is to complete."""
