import pytest

from lacuna.canonical import canonical_json, digest, seed_of


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
