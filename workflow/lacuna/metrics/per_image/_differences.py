"""Differences of 8-bit pictures, pixel by pixel."""


def mean_of_channels(values):
    """…×3 → …, exact for integers."""
    return (values[..., 0] + values[..., 1] + values[..., 2]) / 3


def differences(predictions, truths):
    """Absolute differences in 8-bit levels: uint8 K×N×H×W×3."""
    import numpy as np

    return np.maximum(predictions, truths) - np.minimum(predictions, truths)


def squares(predictions, truths):
    """Squared differences on the [0, 1] scale, the mean of the channels: float64 K×N×H×W."""
    import numpy as np

    table = np.arange(256, dtype=np.int32) ** 2
    return mean_of_channels(table[differences(predictions, truths)]) / 255.0**2
