"""ONNX files of others as contestants: described or found out, refused with the finding."""

import onnx
import pytest
from onnx import TensorProto, helper

from lacuna.config.sections import Contestant
from lacuna.errors import LacunaError
from lacuna.files import read_json
from lacuna.keys import filled
from tests.inpainting.foreign import Foreign

FORMS = {
    "found out": (Foreign(reads=(-1, 1), answers=(0, 255), white_is_hole=False), {}),
    "described": (
        Foreign(reads=(-1, 1), answers=(0, 255), white_is_hole=False, names=("x", "m", "y")),
        {"reads": [-1, 1], "answers": [0, 255], "mask": [1, 0], "image_name": "x", "mask_name": "m", "multiple": 1},
    ),
    "bytes, channels last": (
        Foreign(kind="bytes", channels_last=True, reads=(0, 255), answers=(0, 255)),
        {"multiple": 4},
    ),
    "one size": (Foreign(sides=(64, 88)), {"size": [88, 64]}),
}


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_a_graph_fills(room, form):
    foreign, description = FORMS[form]
    if foreign.kind == "bytes":
        foreign.reads, foreign.answers = (0, 255), (0, 255)
    path = foreign.write(room.folder / "x.onnx")
    made, measured = room.ask({"kind": "onnx", "path": str(path), **description}, number=2)
    image, hole = room.given(0)
    known = image[~hole].astype(float)
    assert made[0].shape == image.shape
    # a blur of what is around: nearer to the picture than its mean colour is
    inside = abs(made[0].astype(float) - image)[hole].mean()
    assert inside < abs(known.mean(axis=0) - image)[hole].mean() + 8
    assert measured.device == "CPU" and measured.returns == "raw" and len(measured.each) == 2


WRONG = {
    "polarity": (Foreign(white_is_hole=False), {"mask": [0, 1]}, "takes the mask the wrong way round"),
    "leak": (Foreign(leak=0.4), {"reads": [0, 1]}, "looks under the hole"),
    "leak, found out": (Foreign(leak=0.4), {}, "looks under the hole"),
    "range": (Foreign(answers=(0, 255)), {"answers": [0, 1]}, r"answers in another range: .* answers: \[0, 255\]"),
    "names": (Foreign(), {"image_name": "x"}, "has no input 'x'; its inputs are msk, img"),
    "names exchanged": (Foreign(), {"image_name": "msk"}, "has an input 'msk' of .*, which has not 3 channels"),
    "size": (Foreign(sides=(64, 88)), {"size": [64, 88]}, "takes pictures of 88×64 pixels, and 'size' says 64×88"),
    "too small": (Foreign(sides=(40, 88)), {"mask": [0, 1]}, "takes pictures of 88×40 pixels alone"),
    "multiple": (Foreign(multiple=32), {"multiple": 8}, "ONNX Runtime cannot run"),
    "not finite": (Foreign(gain=float("nan")), {"mask": [0, 1]}, "answers with values that are not finite"),
    "joined": (Foreign(), {"joined": True}, "has an input 'msk' of .*, which has not 4 channels"),
}


@pytest.mark.slow
@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_graph_is_refused_with_what_was_found(room, how):
    foreign, description, finding = WRONG[how]
    path = foreign.write(room.folder / "x.onnx")
    with pytest.raises(LacunaError, match=f"system 'theirs' cannot take part: the graph {path} .*{finding}"):
        room.ask({"kind": "onnx", "path": str(path), **description}, number=1)


def endless(path):
    """A loop of 2^62 rounds, as one node."""
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Identity", ["x"], ["y"])],
        "body",
        [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), value("x", TensorProto.FLOAT, None)],
        [value("on", TensorProto.BOOL, []), value("y", TensorProto.FLOAT, None)],
    )
    nodes = [
        helper.make_node("Constant", [], ["n"], value=helper.make_tensor("n", TensorProto.INT64, [], [2**62])),
        helper.make_node("Constant", [], ["t"], value=helper.make_tensor("t", TensorProto.BOOL, [], [True])),
        helper.make_node("Loop", ["n", "t", "image"], ["raw"], body=body),
    ]
    ports = [value(name, TensorProto.FLOAT, [1, c, "h", "w"]) for name, c in (("image", 3), ("mask", 1))]
    graph = helper.make_graph(nodes, "g", ports, [value("raw", TensorProto.FLOAT, [1, 3, "h", "w"])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


@pytest.mark.slow
def test_a_graph_without_an_end_is_ended(room):
    endless(room.folder / "x.onnx")
    with pytest.raises(LacunaError, match="was ended after 8 seconds, its 'time_limit'"):
        room.ask({"kind": "onnx", "path": str(room.folder / "x.onnx"), "time_limit": 8.0, "mask": [0, 1]}, number=1)


def test_a_damaged_graph_is_refused(room):
    (room.folder / "x.onnx").write_text("hello")
    with pytest.raises(LacunaError, match="cannot take part: the graph .* cannot be used: ONNX Runtime cannot load"):
        room.ask({"kind": "onnx", "path": str(room.folder / "x.onnx")}, number=1)


@pytest.mark.slow
def test_a_graph_is_wrapped_for_the_studio_and_draws_the_same(room):
    import numpy as np

    from lacuna.export.session import open_session, run_session
    from tests.steps import run_step

    foreign = Foreign(reads=(-1, 1), answers=(0, 255), white_is_hole=False)
    for name, entry in {
        "found out": {},
        "described": {"reads": [-1, 1], "answers": [0, 255], "mask": [1, 0], "multiple": 8},
    }.items():
        path = foreign.write(room.folder / "x.onnx")
        entry = filled({"kind": "onnx", "path": str(path), **entry}, Contestant)
        settings = {"label": "theirs", "source": "elsewhere", "entry": entry}
        record = room.folder / name / "export/theirs/elsewhere/record.json"
        assert run_step("wrap_outside", settings, {}, {"record": record}) == 0
        assert read_json(record)["exported"]
        made, _ = room.ask({k: v for k, v in entry.items() if v is not None}, number=1)
        image, hole = room.given(0)
        session = open_session(record.with_name("end_to_end.onnx"))
        (drawn,) = run_session(session, "w", image=image, mask=hole.astype(np.uint8) * 255)
        assert np.abs(drawn.astype(int) - made[0])[hole].max() <= 1 and (drawn[~hole] == image[~hole]).all()


@pytest.mark.slow
def test_a_graph_of_one_size_says_why_it_is_not_in_the_studio(room):
    from tests.steps import run_step

    path = Foreign(sides=(64, 88)).write(room.folder / "x.onnx")
    settings = {"label": "theirs", "source": "elsewhere"}
    settings["entry"] = filled({"kind": "onnx", "path": str(path)}, Contestant)
    record = room.folder / "run/export/theirs/elsewhere/record.json"
    assert run_step("wrap_outside", settings, {}, {"record": record}) == 0
    assert read_json(record)["reason"] == "it takes pictures of 88×64 pixels alone"
