"""The partial convolution against a loop that follows the paper's formula pixel by pixel."""

import numpy as np
import pytest
import torch

from lacuna.nn.partial_convolution import PartialConv2d


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def masks(count, size, seed):
    """Valid maps 2×1×H×W that differ from picture to picture, with a large dead corner."""
    draw = torch.Generator().manual_seed(seed)
    valid = [(torch.rand(2, 1, *size, generator=draw) > 0.6).double() for _ in range(count)]
    for each in valid:
        each[0, :, : size[0] - 2, : size[1] - 3] = 0
    return valid


def by_the_formula(weights, bias, features, valid, stride):
    """NumPy loops: features and valid N×C×H×W; W·(x·valid)·N/S + bias where S > 0, else 0."""
    size = weights.shape[-1]
    pad = size // 2
    x, seen = (np.pad(a, ((0, 0), (0, 0), (pad, pad), (pad, pad))) for a in (features * valid, valid))
    height, width = ((side + 2 * pad - size) // stride + 1 for side in features.shape[-2:])
    out = np.zeros((len(x), len(weights), height, width))
    alive = np.zeros((len(x), 1, height, width))
    for n in range(len(x)):
        for i in range(height):
            for j in range(width):
                rows, columns = slice(i * stride, i * stride + size), slice(j * stride, j * stride + size)
                total = seen[n, :, rows, columns].sum()
                if total > 0:
                    alive[n, 0, i, j] = 1
                    for c in range(len(weights)):
                        value = (weights[c] * x[n, :, rows, columns]).sum()
                        out[n, c, i, j] = value * weights[c].size / total + bias[c]
    return out, alive


@pytest.mark.parametrize(("kernel_size", "stride", "bias"), [(3, 1, True), (3, 2, False), (5, 2, True), (7, 2, False)])
@pytest.mark.parametrize("channels", [(3,), (4, 2)])
def test_every_window_is_scaled_by_what_it_could_see(kernel_size, stride, bias, channels):
    torch.manual_seed(0)
    size = (10, 13)
    layer = PartialConv2d(sum(channels), 3, kernel_size, stride, bias).double()
    if bias:
        torch.nn.init.normal_(layer.input_conv.bias)
    features = [torch.randn(2, count, *size, dtype=torch.float64) for count in channels]
    valid = masks(len(channels), size, seed=kernel_size)
    with torch.no_grad():
        out, alive = layer(*zip(features, valid, strict=True))

    weights = layer.input_conv.weight.detach().numpy()
    shift = layer.input_conv.bias.detach().numpy() if bias else np.zeros(3)
    whole = np.concatenate([mask.expand_as(x).numpy() for x, mask in zip(features, valid, strict=True)], 1)
    expected, expected_alive = by_the_formula(weights, shift, torch.cat(features, 1).numpy(), whole, stride)
    assert 0 < expected_alive.mean() < 1  # windows of both kinds were there
    np.testing.assert_allclose(out.numpy(), expected, atol=1e-12)
    np.testing.assert_array_equal(alive.numpy(), expected_alive)


def test_with_everything_valid_only_the_rim_differs_from_a_convolution():
    layer = PartialConv2d(3, 4, 3, bias=True).double()
    torch.nn.init.normal_(layer.input_conv.bias)
    x = torch.randn(1, 3, 7, 9, dtype=torch.float64)
    out, alive = layer((x, torch.ones(1, 1, 7, 9, dtype=torch.float64)))
    plain = layer.input_conv(x)
    torch.testing.assert_close(out[..., 1:-1, 1:-1], plain[..., 1:-1, 1:-1])
    bias = layer.input_conv.bias.view(1, -1, 1, 1)
    torch.testing.assert_close((out - bias)[..., 0, 1:-1], (plain - bias)[..., 0, 1:-1] * 9 / 6)
    assert alive.all()


def test_one_channels_mask_stands_for_all_of_them():
    """The smallest share there is: one element of a small mask beside a large dead one."""
    layer = PartialConv2d(9, 2, 3).double()
    some, none = torch.zeros(1, 1, 3, 3).double(), torch.zeros(1, 1, 3, 3).double()
    some[..., 1, 1] = 1
    x = torch.randn(1, 9, 3, 3, dtype=torch.float64)
    out, _ = layer((x[:, :1], some), (x[:, 1:], none))
    expected = layer.input_conv.weight[:, 0, 1, 1] * x[0, 0, 1, 1] * 81
    torch.testing.assert_close(out[0, :, 1, 1], expected)


def test_what_is_invalid_has_no_part_and_no_gradient():
    layer = PartialConv2d(3, 4, 5, stride=2)
    valid = masks(1, (8, 12), seed=3)[0].float()
    x = torch.randn(2, 3, 8, 12, requires_grad=True)
    out, _ = layer((x, valid))
    again, _ = layer((x.detach() + 100 * (1 - valid), valid))
    assert torch.equal(out, again)
    out.square().sum().backward()
    assert not (x.grad * (1 - valid)).any() and (x.grad * valid).any()


def test_first_weights_are_hes():
    torch.manual_seed(0)
    layer = PartialConv2d(64, 128, 5, bias=True)
    assert float(layer.input_conv.weight.detach().std()) == pytest.approx((2 / (64 * 25)) ** 0.5, rel=0.02)
    assert not layer.input_conv.bias.any()
