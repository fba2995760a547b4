"""The mechanism: fields that describe keys, and registries that are folders."""

from dataclasses import dataclass

import pytest

from lacuna import keys, registry
from lacuna.data import image_sources, masks
from lacuna.errors import LacunaError
from lacuna.keys import Name, Title, check, filled, homes, key, verify


@dataclass(frozen=True, kw_only=True)
class Inner:
    """A section within."""

    size: int = key("a size", 3, minimum=2, maximum=5)
    part: tuple[float, float] = key("a part", (0.25, 0.5), minimum=0, below=1, rising=True)
    seed: int = key("a seed", None)


@dataclass(frozen=True, kw_only=True)
class Outer:
    """A section."""

    name: Name = key("a name")
    title: Title = key("a title", "none")
    inner: Inner = key("a section", {})
    override: Inner = key("some keys", None, partial=True)
    many: dict[str, Inner | None] = key("sections", {})
    either: bool | Inner = key("one or the other", True)


def complaint(value, section=Outer) -> str:
    with pytest.raises(LacunaError) as error:
        check(value, section)
    return str(error.value)


def test_defaults_are_filled_in_at_every_depth_but_not_where_keys_override():
    given = {"name": "a", "override": {"size": 4}, "many": {"x": None, "y": {"size": 2}}, "either": {}}
    check(given, Outer)
    full = {"size": 3, "part": [0.25, 0.5]}
    assert filled(given, Outer) == {
        "name": "a",
        "title": "none",
        "inner": full,
        "override": {"size": 4},
        "many": {"x": full, "y": full | {"size": 2}},
        "either": full,
    }
    assert given["many"]["x"] is None
    assert filled({"name": "b"}, Outer)["either"] is True and "override" not in filled({"name": "b"}, Outer)


def test_defaults_of_two_configs_share_nothing():
    filled({"name": "a"}, Outer)["many"]["x"] = 1
    assert filled({"name": "a"}, Outer)["many"] == {}


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({}, "key 'name' is missing at the top level"),
        ({"name": "a", "inner": {"size": 6}}, "inner.size is 6; give a whole number from 2 to 5"),
        ({"name": "a", "inner": {"part": [0.5, 0.25]}}, "inner.part is [0.5, 0.25], which is not a range"),
        ({"name": "a", "inner": {"part": [0.5, 1]}}, "inner.part[1] is 1; give a number at least 0 and below 1"),
        ({"name": "a", "inner": {"seed": None}}, "inner.seed is null; give a whole number"),
        ({"name": "a", "many": {"x": {"sise": 3}}}, "unknown key 'sise' at many.x: did you mean 'size'?"),
        ({"name": "a", "either": {"size": 1}}, "either.size is 1"),
        ({"name": "a", "either": 1}, "either is 1; give true or false or keys and values"),
        ({"name": "a" * 61}, "give a name of at most 60"),
        ({"name": "a", "title": "x\ud83d"}, "title holds the control character U+D83D"),
    ],
)
def test_one_sentence_says_where_what_and_what_is_valid(value, sentence):
    assert sentence in complaint(value)


def test_a_dataclass_made_directly_is_checked_as_well():
    verify(Inner(), "it")
    with pytest.raises(LacunaError, match="'size' of it is 1; give a whole number from 2 to 5"):
        verify(Inner(size=1), "it")


def test_every_place_of_a_key_is_known():
    assert {place for name, place in homes(Outer) if name == "size"} == {
        "inner",
        "override",
        "either",
        "an entry of many",
    }


def test_a_wrong_value_is_shown_short_and_printable():
    for value in ("\x00\x1b[2J", "x" * 10_000, 10**5000, ["a"] * 1000, {"a": 1}, b"\xff", float("nan"), None):
        text = keys.shown(value)
        assert text.isprintable() and len(text) <= 300


def test_folders_are_registries(tmp_path, monkeypatch):
    package = tmp_path / "toys"
    package.mkdir()
    (package / "__init__.py").write_text("")
    for name in ("ball", "_part", "base"):
        (package / f"{name}.py").write_text(f"WHAT = {name!r}\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert registry.names("toys", ("base",)) == ("ball",)
    assert registry.load("toys", "ball", "toy").WHAT == "ball"
    with pytest.raises(LacunaError, match="there is no toy 'bal': did you mean 'ball'?"):
        registry.load("toys", "bal", "toy")
    with pytest.raises(LacunaError, match="there is no toy '_part': known are: ball"):
        registry.load("toys", "_part", "toy", ("base",))


@pytest.mark.parametrize("kind", masks.names())
def test_a_kind_of_mask_set_has_what_the_folder_says(kind):
    module = masks.load(kind)
    assert module.__doc__
    if masks.is_given(kind):
        known = keys.entries(module.Keys)
        assert any(known[name].required for name in ("path", "images") if name in known)
    else:
        module.Options()  # its defaults are in their ranges
        assert callable(module.draw)


@pytest.mark.parametrize("kind", image_sources.names())
def test_a_kind_of_image_source_has_what_the_folder_says(kind):
    module = image_sources.load(kind)
    assert module.__doc__ and keys.entries(module.Keys) and callable(module.check) and callable(module.photographs)


def test_the_smallest_size_of_a_metric_is_what_its_formula_needs():
    from lacuna.metrics.per_image import METRICS
    from lacuna.metrics.structural import SMALLEST, WINDOW
    from lacuna.nn import dists
    from lacuna.nn.lpips import MINIMUM_SIZE

    sizes = {"ssim": WINDOW, "ms_ssim": SMALLEST, "lpips_alex": MINIMUM_SIZE["alex"], "lpips_vgg": MINIMUM_SIZE["vgg"]}
    sizes["dists"] = dists.MINIMUM_SIZE
    assert {name: each.minimal_size for name, each in METRICS.items() if each.minimal_size > 1} == sizes
