"""Every bad input of docs/bad_inputs.csv gets its one sentence, and whatever else is tried gets one or is valid."""

import json
from copy import deepcopy

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lacuna.config import complete, validate
from lacuna.config.reading import read_config
from lacuna.data.lists import read_list
from lacuna.errors import LacunaError
from lacuna.files import read_rows
from tests.config.bad_inputs import default, rows, said

ROWS = rows()


def parameters(row: dict[str, str]):
    """The slow ones are those of commands, for which files of all kinds are made."""
    name = f"{row['kind']} {row['where'][-60:]} {row['input'][-30:]!r}"
    return pytest.param(row, id=name, marks=[pytest.mark.slow] if row["kind"] == "command" else [])


@pytest.mark.parametrize("row", map(parameters, ROWS))
def test_a_bad_input_gets_its_sentence(row, tmp_path):
    """If the sentence is a better one now: `python -m tests.config.bad_inputs`, and read what it wrote."""
    assert said(row["kind"], row["where"], row["input"], tmp_path) == row["sentence"]


def test_sentences_are_one_line_and_short_enough():
    assert len(ROWS) >= 870
    for row in ROWS:
        sentence = row["sentence"]
        assert sentence and sentence.isprintable() and len(sentence) < 400, row
        assert not sentence.endswith("."), row


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["package", "folder", "strokes", "telea", "psnr", "place2_val", "random", "nosuch", "\ud800", "a\n"]
    ),
)
VALUES = st.recursive(
    ODD,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(st.text(max_size=6), st.sampled_from(["kind", "path", "settings"]), ODD), inner, max_size=3
        ),
    ),
    max_leaves=6,
)


def places(value, path=()) -> list[tuple]:
    """The paths of everything within the default config."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [place for name, item in items for place in places(item, (*path, name))]


PLACES = places(default())


def is_valid(config) -> bool:
    """Whether `config` is valid; an invalid one must have got one line."""
    try:
        validate(config)
    except LacunaError as error:
        assert str(error).isprintable() and len(str(error)) < 1000
        return False
    return True


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES, st.sampled_from(["set", "remove", "add"])), max_size=3))
def test_a_config_is_valid_or_gets_one_sentence(changes):
    config = deepcopy(default())
    for (*path, last), value, how in changes:
        try:
            entry = config
            for name in path:
                entry = entry[name]
            if how == "remove":
                del entry[last]
            elif how == "add" and isinstance(entry, dict):
                entry[value if isinstance(value, str | int | float | None) else "odd"] = value
            else:
                entry[last] = value
        except (KeyError, IndexError, TypeError):
            pass  # an earlier change took the place away
    if is_valid(config):
        completed = complete(config)
        assert is_valid(completed)
        json.dumps(completed, allow_nan=False).encode()


@settings(max_examples=200, deadline=None, derandomize=True)
@given(VALUES)
def test_anything_in_the_place_of_a_config(value):
    assert not is_valid(value)


TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(list("ab:-[]{}&*!|>%#?,'\" \n\t") + ["a: ", "- ", "&a ", "*a", "<<: ", "!!", "\n  "])).map(
        "".join
    ),
)


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=TEXTS)
def test_any_text_in_a_file(tmp_path, text):
    path = tmp_path / "file"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    for read in (read_config, read_list, lambda file: read_rows(file, "file")):
        try:
            read(path)
        except LacunaError as error:
            assert "\n" not in str(error), read


def test_a_file_that_python_would_run_is_not_run(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("a: !!python/object/apply:os.mkdir [made]\n")
    with pytest.raises(LacunaError, match="cannot be read"):
        read_config(path)
    assert not (tmp_path / "made").exists()


def test_aliases_that_do_no_harm_are_read(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("first: &a {b: [1, 2]}\nsecond: *a\nthird: {<<: *a, c: 3}\n")
    assert read_config(path) == yaml.safe_load(path.read_text())
    assert read_config(path)["third"] == {"b": [1, 2], "c": 3}
