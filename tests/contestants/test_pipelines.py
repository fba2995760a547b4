"""Pipelines of diffusers with random weights, built from their configurations: nothing is downloaded."""

import builtins

import numpy as np
import pytest

from lacuna.contestants import _pipelines
from lacuna.errors import LacunaError

ASKED = {"threads": 1, "gpus": 0, "path": "", "hub": None, "revision": None, "half": False, "tiny": None}
ASKED |= {"steps": 4, "guidance": 7.5, "prompt": "", "strength": 1.0, "jump_length": 2, "jumps": 2}


@pytest.fixture
def pair():
    image = np.random.default_rng(0).integers(60, 200, (64, 96, 3), np.uint8)
    hole = np.zeros((64, 96), bool)
    hole[9:30, 21:60] = True
    return image, hole


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stable_diffusion", "stable_diffusion_xl", "repaint"])
def test_a_pipeline_fills_by_seed(pair, name):
    said, run = _pipelines.opened(ASKED | {"tiny": name})
    first, again, other = (run({"seed": seed}, list(pair))[0] for seed in (1, 1, 2))
    assert first.shape == pair[0].shape and first.dtype == np.uint8
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert "random weights" in said["what"] and "4 steps" in said["what"]
    assert said["multiple"] == {"repaint": 32}.get(name, 16)


@pytest.mark.slow
def test_repaint_keeps_what_is_known_and_paints_the_hole(pair):
    """Its library calls 1 what is known: turned round, the hole would be kept."""
    image, hole = pair
    _, run = _pipelines.opened(ASKED | {"tiny": "repaint", "steps": 20})
    off = np.abs(run({"seed": 3}, [image, hole])[0].astype(float) - image).mean(axis=2)
    assert off[~hole].mean() < 12 < 25 < off[hole].mean()


@pytest.mark.slow
def test_a_saved_folder_is_the_pipeline_that_was_saved(pair, tmp_path):
    for name in ("stable_diffusion", "repaint"):
        _pipelines.tiny(name).save_pretrained(tmp_path / name)
        before, after = (
            _pipelines.opened(ASKED | how)[1]({"seed": 1}, list(pair))[0]
            for how in ({"tiny": name}, {"path": str(tmp_path / name)})
        )
        assert np.abs(before.astype(int) - after).max() <= 2  # of rounding


@pytest.mark.slow
def test_in_its_process_at_a_size_that_it_has_to_be_brought_to(room):
    entry = {"kind": "diffusers", "tiny": "stable_diffusion", "steps": 2, "minimum": 64, "gpu": False}
    made, measured = room.ask(entry, number=2)
    assert [each.shape for each in made] == [(56, 72, 3)] * 2 and measured.startup > 0.5
    assert measured.returns == "raw" and any("random weights" in note for note in measured.notes)


def test_what_is_no_pipeline_is_refused(room):
    (room.folder / "empty").mkdir()
    with pytest.raises(LacunaError, match="empty of system 'theirs' lacks the file model_index.json"):
        room.ask({"kind": "diffusers", "path": str(room.folder / "empty")}, number=1)
    (room.folder / "empty/model_index.json").write_text('{"_class_name": "NoSuchPipeline"}')
    with pytest.raises(LacunaError, match="cannot be opened by diffusers"):
        _pipelines.opened(ASKED | {"path": str(room.folder / "empty")})


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name == "diffusers":
            raise ImportError("no", name="diffusers")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(LacunaError, match=r"needs the library diffusers, .* pip install 'lacuna\[diffusers\]'"):
        _pipelines.opened(ASKED | {"tiny": "repaint"})
