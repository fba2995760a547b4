"""Both ways of predicting, measured by the command."""

import json
import sys

import pytest

from lacuna.cli import main
from lacuna.cost import benchmark

pytestmark = pytest.mark.slow

SMALL = {"width": 4, "blocks": 1, "rates": [1, 2], "discriminator_width": 4}


def test_both_runtimes_at_both_batches(capsys):
    words = ["bench", "predict", "--system", "aotgan", "--settings", json.dumps(SMALL), "--size", "42", "--batch", "3"]
    assert main([*words, "--seconds", "1", "--threads", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    rows = {(row["runtime"], row["batch"]): row for row in found["rows"]}
    assert list(rows) == [(runtime, batch) for runtime in ("pytorch", "onnxruntime") for batch in (1, 3)]
    for (_, batch), row in rows.items():
        assert row["images_per_second"] == pytest.approx(1000 * batch / row["median_ms"])
        assert sys.platform != "linux" or row["peak_memory"] >= 0
    assert found["size"] == 44 and found["batch"] == 3
    both = [rows[runtime, 3]["images_per_second"] for runtime in ("onnxruntime", "pytorch")]
    assert found["ratio"] == pytest.approx(both[0] / both[1])


def test_the_ratio_is_of_a_batch_that_both_computed(monkeypatch, tmp_path):
    def rows(runtime, **milliseconds):
        return [{"runtime": runtime, "batch": int(key[1:]), "median_ms": each} for key, each in milliseconds.items()]

    monkeypatch.setattr(benchmark.networks, "measure", lambda *arguments: rows("pytorch", b1=10, b4=20))
    monkeypatch.setattr(benchmark.onnx, "measure", lambda *arguments: rows("onnxruntime", b1=5, b2=8))
    monkeypatch.setattr(benchmark, "export_network", lambda *arguments: None)
    found = benchmark.compare(tmp_path, "aotgan", SMALL, 44, 4, 1, 1)
    assert (found["batch"], found["ratio"]) == (1, 2)


def test_what_has_no_graph_is_one_sentence(capsys):
    assert main(["bench", "predict", "--system", "telea"]) == 1
    assert "system 'telea' has no network that could be exported" in capsys.readouterr().err
