"""The benchmark's two ways give the same values; how fast they are is for `lacuna bench score` to say."""

import json

import pytest

from lacuna.cli import main
from lacuna.errors import LacunaError
from lacuna.metrics import benchmark


def test_both_ways_agree_and_everything_is_reported(backbones, capsys):
    folder = backbones("lpips_alex")
    arguments = ["--images=3", "--size=72", "--repeats=1", "--threads=1", f"--backbones={folder}"]
    assert main(["bench", "score", "--json", *arguments]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["pairs"] == 6
    assert found["ratio"] == pytest.approx(found["usual_seconds"] / found["seconds"])
    assert set(found["largest_differences"]) == {"psnr", "ssim", "lpips_alex"}
    assert all(found["largest_differences"][name] <= allowed for name, allowed in benchmark.ALLOWED.items())
    assert found["peak_memory_mib"] > 50


def test_other_values_are_an_error(backbones, tmp_path, monkeypatch):
    from dataclasses import replace

    from lacuna.metrics.facts import METRICS

    honest = METRICS["ssim"]
    shifted = replace(honest, measure=lambda a, b: (honest.measure(a, b)[0] + 2e-6, None))
    monkeypatch.setitem(METRICS, "ssim", shifted)
    with pytest.raises(LacunaError, match="ssim differs by 2e-06 from the usual way"):
        benchmark.compare(tmp_path, backbones("lpips_alex"), images=1, size=64, threads=1, repeats=1)


def test_pictures_are_the_same_every_time_and_their_masks_neither_empty_nor_full(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        pictures = benchmark.make_pictures(tmp_path / name, 5, 40)
    for image, mask, raw in pictures:
        for path in (image, mask, raw):
            assert (tmp_path / "a" / path.rpartition("/")[2]).read_bytes() == (tmp_path / "b" / path).read_bytes()
