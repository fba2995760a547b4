"""Weights and graphs that anybody may have written: whatever they hold, they load or get one sentence."""

import json

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save

import lacuna
from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.inpainting.onnx_predictor import Graph
from lacuna.systems._reading import METADATA_KEY
from tests.inpainting.made_up import box
from tests.inpainting.test_interfaces import BYTES, FLOATS, identity

SMALL = {"width": 4, "blocks": 1, "rates": [1, 2], "discriminator_width": 4}
NOTE = {"system": "aotgan", "settings": SMALL, "steps": 3, "seed": 1, "image_size": [40, 32], "source": "scenes"}
OURS = {"system": "x", "size": {"multiple": 1, "minimum": 1}}
ODD = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([0, -1, 10**9, 10**30, 65_536, "aotgan", "telea", "deepfillv2", "../x", "\x1b[2J", "\ud800"]),
        st.floats(),
        st.text(max_size=6),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["width", "size", "minimum", "a"]), inner)
    ),
    max_leaves=5,
)
pytestmark = pytest.mark.slow
EACH = settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def changed(note: dict, place: tuple[str, ...], value, how: str) -> str:
    """The note as JSON, with one key set, removed, or added beside it."""
    copy = entry = json.loads(json.dumps(note))
    *path, last = place
    for name in path:
        entry = entry[name]
    if how == "remove":
        del entry[last]
    else:
        entry[last if how == "set" else f"{last}s"] = value
    return json.dumps(copy)


def one_sentence(error: LacunaError) -> bool:
    return "\n" not in str(error) and len(str(error)) < 2000


@pytest.fixture(scope="module")
def tensors():
    torch.manual_seed(0)
    return systems.create("aotgan", **SMALL).network.state_dict()


def loads(path) -> bool:
    """Whether weights load and predict what they should; else they got one sentence."""
    try:
        model = lacuna.load(weights=path, device="cpu", threads=1)
    except LacunaError as error:
        assert one_sentence(error)
        return False
    assert model.name == "aotgan"
    return True


@EACH
@given(
    place=st.sampled_from([("system",), ("settings",), *(("settings", name) for name in SMALL), ("steps",), ("seed",)]),
    value=ODD,
    how=st.sampled_from(["set", "set", "set", "remove", "add"]),
)
def test_weights_with_any_note_load_or_get_one_sentence(tensors, tmp_path, place, value, how):
    path = tmp_path / "w.safetensors"
    path.write_bytes(save(tensors, {METADATA_KEY: changed(NOTE, place, value, how)}))
    loads(path)


@EACH
@given(st.data())
def test_damaged_weights_load_or_get_one_sentence(tensors, tmp_path, data):
    whole = save(tensors, {METADATA_KEY: json.dumps(NOTE)})
    path = tmp_path / "w.safetensors"
    path.write_bytes(damaged(whole, data))
    loads(path)


@pytest.mark.parametrize("kind", [torch.int8, torch.bool, torch.complex64])
def test_weights_that_are_no_floating_point_numbers_are_refused(tensors, tmp_path, kind):
    path = tmp_path / "w.safetensors"
    path.write_bytes(save({name: each.to(kind) for name, each in tensors.items()}, {METADATA_KEY: json.dumps(NOTE)}))
    with pytest.raises(LacunaError, match="not floating-point, as quantised weights are"):
        lacuna.load(weights=path, device="cpu", threads=1)


@pytest.mark.parametrize("suffix", ["pt", "pth"])
def test_weights_that_hold_themselves_are_refused_and_soon(tmp_path, suffix):
    held: dict = {"state_dict": {}}
    held["state_dict"]["state_dict"] = held["state_dict"]
    torch.save(held, tmp_path / f"w.{suffix}")
    with pytest.raises(LacunaError) as refused:
        lacuna.load("aotgan", weights=tmp_path / f"w.{suffix}", settings=SMALL, device="cpu", threads=1)
    assert one_sentence(refused.value)


def damaged(whole: bytes, data) -> bytes:
    """A part of a file, or all of it with one bit changed; likelier in the first bytes, which say its form."""
    place = data.draw(st.one_of(st.integers(0, min(200, len(whole) - 1)), st.integers(0, len(whole) - 1)))
    if data.draw(st.booleans()):
        return whole[:place]
    content = bytearray(whole)
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    return bytes(content)


@EACH
@given(
    place=st.sampled_from([("system",), ("size",), ("size", "multiple"), ("size", "minimum")]),
    value=ODD,
    how=st.sampled_from(["set", "set", "remove", "add"]),
)
def test_a_graph_with_any_note_is_used_or_gets_one_sentence(tmp_path, place, value, how):
    note = changed(OURS, place, value, how)
    used(identity(tmp_path / "g.onnx", FLOATS, {"raw": FLOATS["image"]}, note))


@EACH
@given(st.data())
def test_a_damaged_graph_is_used_or_gets_one_sentence(tmp_path, data):
    path = identity(tmp_path / "g.onnx", BYTES, {"out": BYTES["image"]}, json.dumps(OURS))
    path.write_bytes(damaged(path.read_bytes(), data))
    used(path)


def used(path) -> None:
    try:
        hole = box()
        filled = Graph(path, threads=1).predict(torch.zeros((*hole.shape, 3), dtype=torch.uint8).numpy(), hole)
    except LacunaError as error:
        assert one_sentence(error)
    else:
        assert filled.shape == (*hole.shape, 3) and filled.dtype.name == "uint8"
