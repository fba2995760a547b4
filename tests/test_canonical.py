import pytest

from lacuna.canonical import canonical_json, changes, digest, seed_of


def test_order_of_keys_does_not_matter_and_order_of_lists_does():
    assert canonical_json({"b": 1, "a": [1, 2]}) == canonical_json({"a": [1, 2], "b": 1}) == '{"a":[1,2],"b":1}'
    assert canonical_json([1, 2]) != canonical_json([2, 1])


def test_not_a_number_is_refused():
    with pytest.raises(ValueError):
        canonical_json(float("nan"))


def test_boundaries_between_parts_count():
    assert digest("ab", "c") != digest("a", "bc")
    assert seed_of("a", 1) != seed_of("a", 11)
    assert 0 <= seed_of("a") < 2**32


def test_what_differs_is_named_with_both_values():
    then = {"a": 1, "b": {"c": [0.05, 0.5], "d": None}, "e": {}, "f": {"g": "é"}}
    now = {"a": 1, "b": {"c": [0.05, 0.4]}, "e": {"h": 2}, "f": "x" * 300}
    found = changes(then, now)
    assert found.pop(("f",)) == f'was not set and is "{"x" * 196}...'
    assert found == {
        ("b", "c"): "was [0.05, 0.5] and is [0.05, 0.4]",
        ("b", "d"): "was null and is not set",
        ("e",): "was {} and is not set",
        ("e", "h"): "was not set and is 2",
        ("f", "g"): 'was "é" and is not set',
    }
    assert changes(then, {**then, "b": {"d": None, "c": (0.05, 0.5)}}) == {}
    assert changes({}, {"a": 1}) == {("a",): "was not set and is 1"}
