"""LPIPS as a loss against its authors' package with the same weights."""

import pytest
import torch

from lacuna.errors import LacunaError
from lacuna.nn.lpips_loss import PerceptualSimilarity
from tests.official_lpips import no_first_weights


@pytest.fixture(scope="module")
def folder(backbones):
    return backbones("lpips_vgg")


def drawn(seed):
    return torch.rand(2, 3, 37, 50, generator=torch.Generator().manual_seed(seed))


def theirs(loss):
    """The package's own network with the weights that the loss has."""
    import lpips as official  # brings torchvision along, for every worker if it were at the top

    with no_first_weights():
        network = official.LPIPS(net="vgg", pretrained=False, pnet_rand=True, verbose=False).eval()
    with torch.no_grad():
        for key, parameter in network.named_parameters():
            first, *rest = key.split(".")
            name = f"lin_{rest[0]}_weight" if first == "lins" else f"lin_{first[3:]}_weight"
            if first == "net":
                name = "_".join(["features", *rest[1:]])
            parameter.copy_(getattr(loss, name))
    return network


def test_it_is_the_packages_own(folder):
    loss = PerceptualSimilarity(folder)
    made, true = drawn(0), drawn(1)
    expected = theirs(loss)(made, true, normalize=True).mean()
    assert expected > 0.05
    torch.testing.assert_close(loss(made, loss.truth_of(true)), expected, atol=1e-5, rtol=0)
    assert float(loss(made, loss.truth_of(made))) == 0


def test_gradients_reach_the_first_picture_only_and_are_finite_even_where_nothing_is_felt(folder):
    loss = PerceptualSimilarity(folder)
    made, true = drawn(0).requires_grad_(), drawn(1).requires_grad_()
    loss(made, loss.truth_of(true)).backward()
    assert made.grad.abs().sum() > 0 and true.grad is None
    assert not list(loss.parameters())
    # deep features of one flat colour may all be 0 at a pixel, where a norm has no slope
    flat = torch.zeros(1, 3, 16, 16, requires_grad=True)
    for buffer in loss.buffers():
        if buffer.dim() == 1:
            buffer.fill_(-10)
    loss(flat, loss.truth_of(true[:1, :, :16, :16])).backward()
    assert flat.grad.isfinite().all()


def test_dropout_leaves_differences_out_and_keeps_the_mean(folder):
    made, true = drawn(0), drawn(1)
    dropped, truth = PerceptualSimilarity(folder, 0.5).eval(), PerceptualSimilarity(folder).truth_of(true)
    plain = float(PerceptualSimilarity(folder)(made, truth))
    torch.manual_seed(0)
    values = [float(dropped(made, truth)) for _ in range(4)]
    assert len(set(values)) == 4
    assert sum(values) / 4 == pytest.approx(plain, rel=0.02)


def test_too_small_pictures_and_missing_weights_are_refused(folder, tmp_path):
    with pytest.raises(ValueError, match="at least 16"):
        PerceptualSimilarity(folder)(torch.zeros(1, 3, 15, 20), {})
    with pytest.raises(LacunaError, match="missing"):
        PerceptualSimilarity(tmp_path)
