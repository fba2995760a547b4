"""Test-time training: a trained network is adapted to the one picture that it will complete."""
