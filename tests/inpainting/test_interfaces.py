"""Graphs that nobody here wrote: used as they mean it, or refused with what was found."""

import json

import numpy as np
import pytest

import lacuna
from lacuna.errors import LacunaError
from lacuna.inpainting.onnx_predictor import Graph
from tests.inpainting.foreign import Foreign, identity
from tests.inpainting.made_up import box


def smooth(height=57, width=83) -> np.ndarray:
    rows, columns = np.linspace(0, 1, height)[:, None], np.linspace(0, 1, width)[None]
    levels = [180 + 30 * rows + 20 * columns, 60 + 0 * rows + 40 * columns, 20 + 30 * rows + 0 * columns]
    return np.rint(np.stack(levels, -1)).astype(np.uint8)


@pytest.mark.parametrize(
    ("foreign", "found"),
    [
        (Foreign(), "read as 0…1; its output 'output' as 0…1; white"),
        (Foreign(answers=(0, 255), names=("image", "mask", "output")), "read as 0…1; its output 'output' as 0…255"),
        (Foreign(answers=(0, 255), sides=(96, 80)), "its output 'output' as 0…255"),
        (Foreign(reads=(-1, 1), answers=(-1, 1), names=("a", "b", "c")), "white"),  # linear: right in any range
        (Foreign(reads=(-1, 1), answers=(0, 1)), "read as -1…1; its output 'output' as 0…1"),
        (Foreign(reads=(0, 255), answers=(0, 1)), "read as 0…255; its output 'output' as 0…1"),
        (Foreign(white_is_hole=False), "black in its mask is the hole"),
        (Foreign(white_is_hole=False, answers=(0, 255), sides=(96, 128)), "as 0…255; black in its mask"),
        (Foreign(reads=(0, 255), answers=(0, 255), kind="bytes"), "read as 0…255"),
        (Foreign(reads=(0, 255), answers=(0, 255), kind="bytes", white_is_hole=False, channels_last=True), "black"),
        (Foreign(kind="half", channels_last=True, batch="n"), "white"),
        (Foreign(multiple=8, answers=(0, 255)), "as 0…255"),
        (Foreign(multiple=64, sides=(96 * 2, "width")), "white"),
    ],
)
def test_a_foreign_graph_is_used_as_it_means_it(tmp_path, foreign, found):
    model = lacuna.load(weights=foreign.write(tmp_path / "their.onnx"), device="cpu", threads=1)
    (note,) = model.notes
    assert found in note and note.startswith("`lacuna export` did not write ")
    image, hole = smooth(), box(57, 83)
    erased = np.where(hole[..., None], np.uint8(0), image)
    with pytest.warns(UserWarning, match="made-up pictures"):
        result = model.inpaint(erased, hole)
    assert np.abs(result.astype(int) - image)[hole].max() <= 12
    assert (result[~hole] == image[~hole]).all()


@pytest.mark.parametrize(
    ("foreign", "sentence"),
    [
        (Foreign(leak=0.3), "looks under the hole"),
        (Foreign(gain=0.2), "does not fill a hole in a smooth made-up picture.*off by"),
        (Foreign(gain=float("nan")), "not finite"),
        (Foreign(ignores=True), "answers two different pictures alike"),
        (Foreign(noise=True), "differently each time"),
        (Foreign(twice=True), "returns 2 pictures"),
        (Foreign(batch=4), "takes .* 4×1×height×width, .*not one picture"),
        (Foreign(multiple=48), "does not run on a made-up picture"),
    ],
)
def test_what_does_not_fill_holes_is_refused_with_what_was_found(tmp_path, foreign, sentence):
    refused(foreign.write(tmp_path / "their.onnx"), sentence)


def refused(path, sentence):
    with pytest.raises(LacunaError, match=sentence) as error:
        Graph(path, threads=1)
    assert str(error.value).startswith(f"the graph {path} cannot be used: it ") and "\n" not in str(error.value)


BYTES = {"image": ("bytes", ["h", "w", 3]), "mask": ("bytes", ["h", "w"])}
FLOATS = {"image": ("float", ["n", 3, "h", "w"]), "mask": ("float", ["n", 1, "h", "w"])}
SWAPPED = dict(reversed(FLOATS.items()))


@pytest.mark.parametrize(
    ("inputs", "outputs", "sentence"),
    [
        (BYTES, {"out": ("bytes", ["h", "w", 3])}, "looks under the hole"),
        (dict(reversed(BYTES.items())), {"out": ("bytes", ["h", "w"])}, "returns 201×301 of uint8"),
        (SWAPPED, {"raw": ("float", ["n", "c", "h", "w"])}, "returns 1×1×201×301 of float32"),
        ({"image": FLOATS["image"]}, {"raw": FLOATS["image"]}, "takes image .*not one picture of three channels"),
        ({"a": FLOATS["image"], "b": FLOATS["image"]}, {"raw": FLOATS["image"]}, "not one picture of three channels"),
    ],
)
def test_graphs_of_another_form_are_refused(tmp_path, inputs, outputs, sentence):
    refused(identity(tmp_path / "their.onnx", inputs, outputs), sentence)


@pytest.mark.parametrize(
    "note",
    [
        "[]",
        "null",
        "{not json",
        "[" * 100_000,
        '{"system": "x"}',
        '{"system": 3, "size": {"multiple": 1, "minimum": 1}}',
        '{"system": "x\\u001b[1m", "size": {"multiple": 1, "minimum": 1}}',
        '{"system": "x", "size": {"multiple": 0, "minimum": 1}}',
        '{"system": "x", "size": {"multiple": 1e9, "minimum": 1}}',
        '{"system": "x", "size": {"multiple": 1000000000, "minimum": 1}}',
        '{"system": "x", "size": []}',
    ],
)
def test_a_note_that_is_none_of_ours_is_refused(tmp_path, note):
    refused(identity(tmp_path / "g.onnx", BYTES, {"out": ("bytes", ["h", "w", 3])}, note), "has a note 'lacuna' that")


def test_a_note_does_not_make_a_graph_one_of_ours(tmp_path):
    note = json.dumps({"system": "x", "size": {"multiple": 1, "minimum": 1}})
    out = {"raw": FLOATS["image"]}
    other = Foreign(names=("image", "mask", "raw"), kind="half").write(tmp_path / "half.onnx", note)
    refused(other, "which `lacuna export` writes into no graph")
    refused(Foreign(names=("image", "mask", "raw"), twice=True).write(tmp_path / "two.onnx", note), "returns 2 arrays")
    grey = Graph(identity(tmp_path / "grey.onnx", SWAPPED, {"raw": ("float", ["n", "c", "h", "w"])}, note), threads=1)
    with pytest.raises(LacunaError, match="returns 1×1×37×53 of float32 .*; export it again"):
        grey.predict(np.zeros((37, 53, 3), np.uint8), box())
    assert Graph(identity(tmp_path / "ours.onnx", FLOATS, out, note), threads=1).notes == []
