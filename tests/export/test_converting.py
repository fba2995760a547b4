"""Exported graphs stay graphs for the common programs that halve or quantise them."""

import logging

import numpy as np
import onnx
import pytest

from lacuna.export.end_to_end import export_end_to_end
from lacuna.export.network import export_network
from tests.export.converting import CONVERTERS, answer
from tests.export.running import SYSTEMS, responsive

pytestmark = pytest.mark.slow

# Largest differences on the [0, 1] scale of tiny untrained networks, rounded up: half precision, 8 bits.
MOST = {"half_onnxruntime": 0.012, "half_onnxconverter_common": 0.012, "dynamic_quantisation": 0.3}


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_graph_is_halved_and_quantised_by_the_common_programs(name, tmp_path, caplog):
    caplog.set_level(logging.ERROR)
    system = responsive(name)
    for end_to_end, export in ((False, export_network), (True, export_end_to_end)):
        export(system, tmp_path / "g.onnx", 64, 64)
        graph = onnx.load(tmp_path / "g.onnx").graph
        sides = [each.dim_param or each.dim_value for each in graph.output[0].type.tensor_type.shape.dim]
        assert sides == (["height", "width", 3] if end_to_end else ["batch", 3, "height", "width"])
        own = answer(tmp_path / "g.onnx", end_to_end)
        for kind, convert in CONVERTERS.items():
            convert(tmp_path / "g.onnx", tmp_path / "c.onnx")
            made = answer(tmp_path / "c.onnx", end_to_end)
            assert np.isfinite(made).all(), kind
            assert np.abs(made - own).max() <= MOST[kind], kind
