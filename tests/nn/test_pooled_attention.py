"""Pooled attention against loops, and its layers against arithmetic done by hand."""

import numpy as np
import pytest
import torch

from lacuna.nn.pooled_attention import Convolution, PooledAttention, UpConvolution


def attention(channels=32, gain=0.75):
    torch.manual_seed(0)
    module = PooledAttention(channels, gain).double()
    with torch.no_grad():
        for each in (module.key, module.query, module.value):
            each.weight.mul_(30)
            each.bias.normal_()
    return module


def projected(module, x):
    """1×1 convolution of C×H×W, by hand."""
    kernel, bias = module.weight[:, :, 0, 0].numpy(), module.bias.numpy()
    return np.einsum("oc,chw->ohw", kernel, x) + bias[:, None, None]


def pooled(maps):
    """Maxima of 2×2 places, the last ones of an odd side of fewer; C×places."""
    rows, columns = range(0, maps.shape[1], 2), range(0, maps.shape[2], 2)
    return np.stack([maps[:, y : y + 2, x : x + 2].max((1, 2)) for y in rows for x in columns], 1)


@pytest.mark.parametrize("size", [(8, 12), (10, 12)])  # half of 10 is odd
@torch.no_grad()
def test_attention_is_that_of_a_loop(size):
    module = attention()
    x = torch.randn(2, 32, *size, dtype=torch.float64)
    expected = []
    for picture in x:
        half = module.down(picture[None])[0].numpy()
        keys, values = pooled(projected(module.key, half)), pooled(projected(module.value, half))
        queries = projected(module.query, half)
        found = np.zeros_like(queries)
        for y in range(half.shape[1]):
            for column in range(half.shape[2]):
                scores = np.array([(queries[:, y, column] * key).sum() for key in keys.T])  # no scaling
                weights = np.exp(scores - scores.max())
                found[:, y, column] = (values * weights / weights.sum()).sum(1)
        expected.append(picture + 0.75 * module.up(torch.from_numpy(found)[None])[0])
    torch.testing.assert_close(module(x), torch.stack(expected), atol=1e-9, rtol=0)


def test_attention_begins_as_the_identity():
    x = torch.randn(1, 16, 8, 10)
    module = PooledAttention(16)
    assert torch.equal(module(x), x)
    assert module.key.weight.shape == (1, 16, 1, 1) and PooledAttention(8).key.weight.shape == (1, 8, 1, 1)


def test_convolution_reflects_and_standardises():
    module = Convolution(1, 1, 3, dilation=2, activation=None).double()
    with torch.no_grad():
        module.convolution.weight.zero_()
        module.convolution.weight[0, 0, 0, 0] = 1  # looks two rows up and two columns to the left
        module.norm.weight.fill_(3)
        module.norm.bias.fill_(-1)
        x = torch.randn(1, 1, 6, 9, dtype=torch.float64)
        seen = np.pad(x[0, 0].numpy(), 2, mode="reflect")[:-4, :-4]
        expected = 3 * (seen - seen.mean()) / np.sqrt(seen.var() + 1e-6) - 1
        np.testing.assert_allclose(module(x)[0, 0], expected, atol=1e-12)
        module.activation = torch.relu
        np.testing.assert_allclose(module(x)[0, 0], np.maximum(expected, 0), atol=1e-12)


def test_layers_have_the_sizes_they_promise():
    x = torch.randn(2, 3, 12, 20)
    assert Convolution(3, 5, 4, stride=2)(x).shape == (2, 5, 6, 10)
    assert Convolution(3, 5, 7)(x).shape == Convolution(3, 5, 1)(x).shape == (2, 5, 12, 20)
    up = UpConvolution(3, 5)(x)
    assert up.shape == (2, 5, 24, 40) and up.min() == 0


def test_layers_begin_with_glorots_uniform_weights():
    for module in (Convolution(48, 64, 5), UpConvolution(48, 64)):
        weight = module.convolution.weight.detach()
        side = weight.shape[-1]
        bound = (6 / (side * side * (48 + 64))) ** 0.5
        assert 0.99 * bound < weight.abs().max() <= bound
        assert not module.convolution.bias.any() and (module.norm.weight == 1).all() and not module.norm.bias.any()
    projections = torch.cat([each.weight.flatten() for each in attention_projections(PooledAttention(256))])
    assert float(projections.detach().std()) == pytest.approx(0.02, rel=0.05)


def attention_projections(module):
    return module.key, module.query, module.value
