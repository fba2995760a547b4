"""Files of weights of every kind: read without running code, or one sentence that is true."""

import argparse
import collections
import gzip
import json
import pickle
import struct
import sys
import types
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.systems._reading import METADATA_KEY, read_metadata, read_note, read_tensors

SMALL = {"width": 4, "blocks": 1, "rates": (1, 2), "discriminator_width": 4}


@pytest.fixture
def state():
    torch.manual_seed(3)
    return systems.create("aotgan", **SMALL).network.state_dict()


@pytest.fixture
def foreign():
    """A module of somebody's, importable while the file is written, with a class of each kind."""
    module = types.ModuleType("somebody")
    source = """
class Callback:
    def __init__(self): self.best = 3
class Settings(dict):
    pass
class Shapes(list):
    pass
class Net:
    def __init__(self): self._parameters = {}
def made(value):
    RAN.append(value)
    return value
class Surprise:
    def __reduce__(self): return made, ("code",)
RAN = []
"""
    exec(source, module.__dict__)
    sys.modules["somebody"] = module
    for name in ("Callback", "Settings", "Shapes", "Net", "Surprise", "made"):
        getattr(module, name).__module__ = "somebody"
    yield module
    sys.modules.pop("somebody", None)


def save(path, value, protocol=2, zipped=True):
    torch.save(value, path, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
    return path


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("zipped", [True, False])
def test_tensors_beside_foreign_classes_are_read_and_nothing_runs(protocol, zipped, state, foreign, tmp_path):
    shapes = foreign.Shapes([1, 2])
    held = {
        "state_dict": {f"generator.{key}": torch.nn.Parameter(value) for key, value in state.items()},
        "callbacks": {foreign.Callback: {"best": np.float64(0.25)}, "x": foreign.Callback()},
        "hyper_parameters": foreign.Settings(width=4, shapes=shapes, more=collections.defaultdict(list, a=[1])),
        "args": argparse.Namespace(lr=1e-3, dtype=torch.float16, device=torch.device("cpu"), seen={1, 2}),
        "surprise": foreign.Surprise(),
        "epoch": np.int64(3),
        "extra": np.arange(6, dtype=np.float32).reshape(2, 3),
    }
    path = save(tmp_path / "best.ckpt", held, protocol, zipped)
    foreign.RAN.clear()
    del sys.modules["somebody"]
    read, metadata = read_tensors(path)
    assert foreign.RAN == [] and "somebody" not in sys.modules and metadata == {}
    assert (read["extra"] == held["extra"]).all() and read["epoch"] == 3
    network = systems.load_released("aotgan", path, **SMALL).network.state_dict()
    assert all(torch.equal(network[key], value) for key, value in state.items())


def test_weights_inside_a_foreign_dictionary_and_of_numpy(state, foreign, tmp_path):
    arrays = {key: value.numpy() for key, value in state.items()}
    for held in (foreign.Settings(state), arrays, {"params": foreign.Settings(arrays)}):
        network = systems.load_released("aotgan", save(tmp_path / "w.pt", held), **SMALL).network.state_dict()
        assert all(torch.equal(network[key], value) for key, value in state.items())


def test_a_whole_network_instead_of_its_weights_is_named(foreign, tmp_path):
    for held in (foreign.Net(), {"model": foreign.Net()}):
        with pytest.raises(LacunaError, match="not hold one somebody.Net; save the network's `state_dict"):
            systems.load_released("aotgan", save(tmp_path / "net.pth", held), **SMALL)


@pytest.mark.parametrize("module", [b"torch._utils", b"numpy", b"somewhere", b"os"])
@pytest.mark.parametrize("slots", [True, False])
def test_a_pickle_changes_no_function_and_no_class(module, slots, tmp_path):
    name = {b"torch._utils": b"_rebuild_tensor_v2", b"numpy": b"ndarray", b"os": b"system"}.get(module, b"Thing")
    state = b"}X\x01\x00\x00\x00aK\x01s"
    state = b"N" + state + b"\x86" if slots else state
    data = b"\x80\x02c" + module + b"\n" + name + b"\n" + state + b"b."
    with zipfile.ZipFile(tmp_path / "p.pt", "w") as archive:
        archive.writestr("p/data.pkl", data)
        archive.writestr("p/version", "3\n")
        archive.writestr("p/byteorder", "little")
    with pytest.raises(LacunaError):
        read_tensors(tmp_path / "p.pt")
    assert not hasattr(torch._utils._rebuild_tensor_v2, "a") and not hasattr(np.ndarray, "a")


def test_code_is_not_run(tmp_path):
    touched = tmp_path / "touched"

    class Surprise:
        def __reduce__(self):
            return touched.touch, ()

    for zipped in (True, False):
        save(tmp_path / "bad.pth", {"a": Surprise()}, zipped=zipped)
        read_tensors(tmp_path / "bad.pth")
        assert not touched.exists()
    (tmp_path / "bare.pkl").write_bytes(pickle.dumps({"a": Surprise()}))
    with pytest.raises(LacunaError, match="cannot be read"):
        read_tensors(tmp_path / "bare.pkl")
    assert not touched.exists()


def whole(tmp_path, state):
    save_file(state, tmp_path / "a.safetensors", {METADATA_KEY: '{"system": "aotgan", "settings": {}}'})
    return (tmp_path / "a.safetensors").read_bytes()


def test_cut_off_files_are_called_that(state, tmp_path):
    data = whole(tmp_path, state)
    torch.save(state, tmp_path / "b.pth")
    zipped = (tmp_path / "b.pth").read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    for cut in (data[: len(data) // 2], data[:-1], data[: 8 + length // 2], data[: 8 + length], zipped[:-30]):
        (tmp_path / "cut.pt").write_bytes(cut)
        for read in (read_tensors, read_metadata):
            with pytest.raises(LacunaError, match="cannot be read: the file is cut off; get it again$"):
                read(tmp_path / "cut.pt")


def headed(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


@pytest.mark.parametrize("length", [0x80, 0x80 + 256 * 7, 0x90])
def test_a_header_of_any_length_is_one_of_safetensors(length, tmp_path):
    """128 is what a pickle begins with, too."""
    header = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'.ljust(length)
    (tmp_path / "w.safetensors").write_bytes(struct.pack("<Q", length) + header + struct.pack("<f", 2.5))
    held, metadata = read_tensors(tmp_path / "w.safetensors")
    assert float(held["a"]) == 2.5 and metadata == {}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "an empty file"),
        (b"<!doctype html><title>x</title>", "not a file of weights but a web page"),
        (b"\n <html><body>", "not a file of weights but a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "a pointer of Git LFS"),
        (gzip.compress(b"x", mtime=0), "packed by gzip"),
        (b"no tensors at all", "is damaged, or is not a file of weights"),
        (b"\x1b[1mtwo options\x1b[0m", "is damaged, or is not a file of weights"),
        (struct.pack("<Q", 2**60) + b"{" * 20, "damaged"),
        (headed(b"{not json"), "the file is damaged"),
        (headed(b'{"a": null}'), "the file is damaged"),
        (headed(b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 0]}}'), "is damaged"),
        (headed(b'{"__metadata__": {"lacuna": 3}}'), "the file is damaged"),
        (headed(b'{"a":' * 100_000), "the file is damaged"),
        (pickle.dumps([1]), "is damaged, or is not a file of weights"),
    ],
)
def test_what_is_no_file_of_weights_is_one_true_sentence(content, sentence, tmp_path):
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(LacunaError, match=sentence) as error:
        read_tensors(tmp_path / "w.pth")
    assert str(error.value).isprintable() and not str(error.value).endswith(".")


def test_no_file_is_one_sentence(tmp_path):
    for read in (read_tensors, read_metadata):
        with pytest.raises(LacunaError, match="none.safetensors do not exist"):
            read(tmp_path / "none.safetensors")
        with pytest.raises(LacunaError, match="are a folder"):
            read(tmp_path)


def test_programs_and_archives_are_called_that(tmp_path):
    torch.jit.script(torch.nn.ReLU()).save(tmp_path / "p.pt")
    with pytest.raises(LacunaError, match="are a TorchScript program"):
        read_tensors(tmp_path / "p.pt")
    with zipfile.ZipFile(tmp_path / "z.pt", "w") as archive:
        archive.writestr("readme", "x")
    with pytest.raises(LacunaError, match="is damaged, or is not a file of weights"):
        read_tensors(tmp_path / "z.pt")


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("{not json", "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ("null", "is not an object of JSON"),
        ("[]", "is not an object of JSON"),
        ("{}", "has no 'system'"),
        ('{"system": 3, "settings": {}}', "has a 'system' of another kind"),
        ('{"system": "aotgan"}', "has no 'settings'"),
        ('{"system": "aotgan", "settings": null}', "has a 'settings' of another kind"),
    ],
)
def test_a_note_of_another_form_is_one_sentence(note, sentence):
    with pytest.raises(LacunaError, match=f"the note 'lacuna' in the weights w {sentence}, so"):
        read_note({METADATA_KEY: note}, "w")


def test_notes():
    note = {"system": "aotgan", "settings": {"width": 4}}
    assert read_note({METADATA_KEY: json.dumps(note)}, "w") == note
    assert read_note({"format": "pt"}, "w") is None
