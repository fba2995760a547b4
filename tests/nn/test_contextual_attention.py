"""The steps of contextual attention against loops over places."""

import numpy as np
import torch

from lacuna.nn.contextual_attention import paste, self_similarity, usable_keys

HEIGHT, WIDTH = 3, 5


def padded_window(plane, y, x, size):
    """The size×size window around (y, x) of a C×H×W array; outside is zero."""
    reach = size // 2
    padded = np.pad(plane, ((0, 0), (reach, reach), (reach, reach)))
    return padded[:, y : y + size, x : x + size]


def places():
    return [(y, x) for y in range(HEIGHT) for x in range(WIDTH)]


def test_similarity_is_of_unit_keys_and_plain_queries():
    features = np.random.default_rng(0).normal(size=(2, 4, HEIGHT, WIDTH))
    for size in (1, 3):
        found = self_similarity(torch.from_numpy(features), size).numpy()
        for picture in range(2):
            for key, at in enumerate(places()):
                one = padded_window(features[picture], *at, size)
                for query, other in enumerate(places()):
                    two = padded_window(features[picture], *other, size)
                    expected = (one * two).sum() / np.sqrt((one**2).sum())
                    np.testing.assert_allclose(found[picture, key, query], expected, atol=1e-12)


def test_keys_without_length_have_finite_gradients():
    features = torch.zeros(1, 2, HEIGHT, WIDTH, requires_grad=True)
    self_similarity(features, 1).sum().backward()
    assert features.grad.isfinite().all()
    tiny = torch.full((1, 1, 1, 1), 1e-5, dtype=torch.float64)
    np.testing.assert_allclose(self_similarity(tiny, 1).item(), 1e-10 / 1e-4)  # not shorter than 1e-4


def test_keys_are_usable_where_their_window_has_no_hole():
    mask = np.zeros((2, 1, HEIGHT, WIDTH))
    mask[0, 0, 0, 1] = 0.25  # a soft edge is a hole
    mask[1, 0, 2, 4] = 1
    for size in (1, 3):
        found = usable_keys(torch.from_numpy(mask), size).numpy()
        assert found.shape == (2, HEIGHT * WIDTH, 1)
        for picture in range(2):
            expected = [float(padded_window(mask[picture], *at, size).mean() == 0) for at in places()]
            assert found[picture, :, 0].tolist() == expected


def test_patches_are_pasted_with_their_weights():
    draw = np.random.default_rng(1)
    values = draw.normal(size=(2, 3, 2 * HEIGHT, 2 * WIDTH))
    weights = draw.random((2, HEIGHT * WIDTH, HEIGHT * WIDTH))
    expected = np.zeros_like(values)
    for picture in range(2):
        padded = np.pad(values[picture], ((0, 0), (1, 1), (1, 1)))
        canvas = np.zeros_like(padded)
        for key, (y, x) in enumerate(places()):
            patch = padded[:, 2 * y : 2 * y + 4, 2 * x : 2 * x + 4]
            for query, (v, u) in enumerate(places()):
                canvas[:, 2 * v : 2 * v + 4, 2 * u : 2 * u + 4] += weights[picture, key, query] * patch
        expected[picture] = canvas[:, 1:-1, 1:-1] / 4
    found = paste(torch.from_numpy(weights), torch.from_numpy(values)).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-12)
