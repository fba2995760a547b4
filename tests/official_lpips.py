"""The authors' package of LPIPS without the first weights that it draws for all of VGG16 and nobody uses."""

from contextlib import contextmanager

import pytest
import torch


@contextmanager
def no_first_weights():
    """Within it, networks are made with whatever the memory holds: every weight that counts is loaded afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("normal_", "uniform_", "constant_", "kaiming_normal_", "kaiming_uniform_"):
            patch.setattr(torch.nn.init, name, lambda tensor, *_, **__: tensor)
        yield
