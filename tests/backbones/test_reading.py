import hashlib
import io
import os
import pickle
import tarfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from lacuna.backbones import reading
from lacuna.backbones.catalogue import BACKBONES, Backbone, PublishedFile
from lacuna.errors import LacunaError
from lacuna.files import write_json


class Malicious:
    """Runs a function of the writer's choice when it is unpickled."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def flax_tree(rng):
    """The shape of the published pickles: two convolutions with biases and one linear layer of LPIPS."""
    array = lambda *shape: rng.standard_normal(shape).astype(np.float32)  # noqa: E731
    return {
        "AlexNet_0": {
            "Conv_0": {"kernel": array(5, 4, 3, 2), "bias": array(2)},
            "Conv_1": {"kernel": array(1, 3, 2, 7), "bias": array(7)},
        },
        "NetLinLayer_0": {"Conv_0": {"kernel": array(1, 1, 2, 1)}},
    }


def packed(tmp_path, data: bytes):
    """An archive that holds `data` as `made/weights.ckpt`, with a catalogue entry for it."""
    path = tmp_path / "made-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("made/weights.ckpt")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    origin = PublishedFile(
        path.name,
        reading.sha256_of(path),
        package="made==1.0",
        member="made/weights.ckpt",
        member_sha256=hashlib.sha256(data).hexdigest(),
    )
    return Backbone("made", ".safetensors", "none", "", (origin,), convolutions=(0, 3), linear="alex"), origin, path


def test_kernels_become_out_in_height_width_under_torchvisions_names(tmp_path):
    tree = flax_tree(np.random.default_rng(5))
    tensors = reading.extract(*packed(tmp_path, pickle.dumps(tree, protocol=3)))
    assert sorted(tensors) == [
        "features.0.bias",
        "features.0.weight",
        "features.3.bias",
        "features.3.weight",
        "lin.0.weight",
    ]
    assert tensors["features.0.weight"].shape == (2, 3, 5, 4)
    assert tensors["lin.0.weight"].shape == (1, 2, 1, 1)
    kernel = tree["AlexNet_0"]["Conv_0"]["kernel"]
    assert tensors["features.0.weight"][1, 2, 4, 3] == kernel[4, 3, 2, 1]


def test_without_linear_layers_only_the_trunk_is_taken(tmp_path):
    entry, origin, path = packed(tmp_path, pickle.dumps(flax_tree(np.random.default_rng(5)), protocol=3))
    assert not any(name.startswith("lin") for name in reading.extract(replace(entry, linear=""), origin, path))


def test_other_weights_than_the_pinned_ones_are_refused_whatever_the_file(tmp_path):
    entry, origin, path = packed(tmp_path, pickle.dumps(flax_tree(np.random.default_rng(5)), protocol=3))
    pinned = reading.tensors_sha256(reading.extract(entry, origin, path))
    assert reading.extract(replace(entry, weights_sha256=pinned), origin, path)
    with pytest.raises(LacunaError, match="not those of made"):
        reading.extract(replace(entry, weights_sha256="0" * 64), origin, path)


def test_an_altered_member_is_refused(tmp_path):
    entry, origin, path = packed(tmp_path, pickle.dumps(flax_tree(np.random.default_rng(5)), protocol=3))
    with pytest.raises(LacunaError, match="expected SHA-256"):
        reading.extract(entry, replace(origin, member_sha256="0" * 64), path)
    with pytest.raises(LacunaError, match="cannot be opened"):
        reading.extract(entry, replace(origin, member="made/other.ckpt"), path)


@pytest.mark.parametrize("protocol", [0, 2, 3, 4])
def test_a_malicious_pickle_is_refused_and_runs_nothing(tmp_path, protocol):
    trace = tmp_path / "it ran"
    for call in (
        (os.mkdir, str(trace)),
        (eval, f"__import__('os').mkdir({str(trace)!r})"),
        (np.save, str(trace), 1),
        (getattr, "text", "upper"),
    ):
        data = pickle.dumps({"Conv_0": {"kernel": Malicious(*call)}}, protocol=protocol)
        with pytest.raises(LacunaError, match="only numpy arrays are admitted"):
            reading.unpickle_arrays(data)
        assert not list(tmp_path.iterdir())
    # the same bytes do run where nobody looks at what they name
    pickle.loads(pickle.dumps(Malicious(os.mkdir, str(trace)), protocol=protocol))
    assert trace.exists()


@pytest.mark.parametrize(
    "value",
    [
        np.array([{}, []], dtype=object),
        np.zeros(3, dtype=np.float64),
        [np.zeros(3, dtype=np.float32)],
        "text",
        {1: np.zeros(3, dtype=np.float32)},
    ],
    ids=["objects", "double", "list", "text", "number as key"],
)
def test_a_pickle_of_anything_else_than_named_float32_arrays_is_refused(value):
    with pytest.raises(LacunaError, match="something else than float32 arrays"):
        reading.unpickle_arrays(pickle.dumps({"weights": value}, protocol=3))


@pytest.mark.parametrize("data", [b"", b"not a pickle", pickle.dumps({"a": np.zeros(9, np.float32)}, protocol=3)[:-20]])
def test_a_broken_pickle_is_one_sentence(data):
    with pytest.raises(LacunaError, match="fetch the backbone again"):
        reading.unpickle_arrays(data)


def test_the_hash_of_weights_sees_names_shapes_types_and_values_but_no_order_or_layout():
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    same = reading.tensors_sha256({"a": array, "b": array[0]})
    assert reading.tensors_sha256({"b": array[0], "a": np.asfortranarray(array).astype(">f4")}) == same
    changed = array.copy()
    changed[1, 2] = np.nextafter(changed[1, 2], 9)
    for other in (
        {"a": changed, "b": array[0]},
        {"a": array.reshape(3, 2), "b": array[0]},
        {"A": array, "b": array[0]},
        {"a": array.astype(np.float64), "b": array[0]},
        {"a": array},
    ):
        assert reading.tensors_sha256(other) != same


def official_file(tmp_path, entry: Backbone):
    """A file as torchvision publishes it, with tiny arrays and a classifier that is to be left out."""
    state = {f"features.{i}.{kind}": torch.rand(2, 3) for i in entry.convolutions for kind in ("weight", "bias")}
    path = tmp_path / entry.origins[-1].file
    torch.save(state | {"classifier.1.weight": torch.rand(2)}, path)
    return path, state


@pytest.mark.parametrize("name", ["vgg16", "lpips_alex"])
def test_an_official_file_gives_the_same_names(tmp_path, name):
    entry = replace(BACKBONES[name], weights_sha256="")
    path, state = official_file(tmp_path, entry)
    tensors = reading.extract(entry, entry.origins[-1], path)
    linear = {f"lin.{i}.weight" for i in range(5)} if entry.linear else set()
    assert set(tensors) == set(state) | linear
    np.testing.assert_array_equal(tensors["features.0.bias"], state["features.0.bias"].numpy())


def test_an_official_file_of_another_network_is_refused(tmp_path):
    entry = BACKBONES["vgg19"]
    path, _ = official_file(tmp_path, replace(BACKBONES["vgg16"], origins=entry.origins))
    with pytest.raises(LacunaError, match=r"has no features\.16\.weight"):
        reading.extract(entry, entry.origins[0], path)


def test_a_malicious_official_file_is_refused_and_runs_nothing(tmp_path):
    entry, trace = BACKBONES["vgg19"], tmp_path / "it ran"
    path = tmp_path / "vgg19.pth"
    torch.save({"features.0.weight": Malicious(os.mkdir, str(trace))}, path)
    with pytest.raises(LacunaError, match="cannot be read as weights") as caught:
        reading.extract(entry, entry.origins[0], path)
    assert "\n" not in str(caught.value) and not trace.exists()


def test_loading_checks_presence_and_weights(tmp_path):
    with pytest.raises(LacunaError, match=r"lacuna fetch-backbone --name vgg16 --output .*vgg16\.safetensors"):
        reading.load("vgg16", tmp_path)
    save_file({"features.0.weight": np.zeros(3, np.float32)}, tmp_path / "vgg16.safetensors")
    with pytest.raises(LacunaError, match="not have the expected weights"):
        reading.load("vgg16", tmp_path)
    (tmp_path / "vgg16.safetensors").write_bytes(b"short")
    with pytest.raises(LacunaError, match="cannot be read"):
        reading.load("vgg16", tmp_path)


def test_where_no_hash_is_published_the_card_holds_the_one_that_was_fetched(tmp_path):
    tensors = {"features.0.weight": np.ones(3, np.float32)}
    save_file(tensors, tmp_path / "vgg19.safetensors")
    write_json(tmp_path / "vgg19.json", {"weights_sha256": reading.tensors_sha256(tensors)})
    assert list(reading.load("vgg19", tmp_path)) == ["features.0.weight"]
    save_file({"features.0.weight": np.zeros(3, np.float32)}, tmp_path / "vgg19.safetensors")
    with pytest.raises(LacunaError, match="not have the expected weights"):
        reading.load("vgg19", tmp_path)


def test_torchscript_is_verified_before_anybody_loads_it(tmp_path):
    with pytest.raises(LacunaError, match="missing"):
        reading.verified_file("inception", tmp_path)
    (tmp_path / "inception.pt").write_bytes(b"a program")
    with pytest.raises(LacunaError, match="expected SHA-256"):
        reading.verified_file("inception", tmp_path)


@pytest.mark.parametrize("name", ["lpips_alex", "lpips_vgg"])
def test_the_fetched_linear_layers_are_the_official_ones_bit_for_bit(backbones, name):
    fetched = reading.load(name, backbones(name))
    official = reading._official_linear_layers(BACKBONES[name].linear)
    assert len(official) == 5
    for key, array in official.items():
        np.testing.assert_array_equal(fetched[key], array)


@pytest.mark.parametrize("names", [("alexnet", "lpips_alex"), ("vgg16", "lpips_vgg")])
def test_lpips_stands_on_the_same_trunk(backbones, names):
    trunk, whole = (reading.load(name, backbones(*names)) for name in names)
    assert set(whole) - set(trunk) == {f"lin.{i}.weight" for i in range(5)}
    for key, array in trunk.items():
        np.testing.assert_array_equal(whole[key], array)
