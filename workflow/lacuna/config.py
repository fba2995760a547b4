"""Reading and checking a config: every mistake is one sentence that names the key and the nearest valid one."""

import difflib
from collections.abc import Iterable
from pathlib import Path

from lacuna.errors import LacunaError

SCHEMAS = Path(__file__).parents[1] / "schemas"


def suggest(word: str, known: Iterable[str]) -> str:
    """`did you mean …?` for a near miss, else the list of what is known."""
    known = sorted(known)
    near = difflib.get_close_matches(str(word), known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known are: {', '.join(known) or 'none'}."


def _sentence(error, config: dict) -> str:
    """A jsonschema error as one sentence with the path of the key."""
    where = ".".join(str(part) for part in error.absolute_path) or "the top level"
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {})
        extra = next(key for key in error.instance if key not in known)
        return f"unknown key '{extra}' at {where}: {suggest(extra, known)}"
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        return f"key '{missing}' is missing at {where}; add it as config/README.md describes."
    if error.schema is False:
        # jsonschema leaves the key out of this error's path, so it is found by its value
        entry = config
        for part in error.absolute_path:
            entry = entry[part]
        key = next((name for name, value in entry.items() if value is error.instance), "?")
        return f"key '{key}' does not go with the others at {where}; remove it."
    return f"{where} is {error.instance!r}, but {error.message.replace(repr(error.instance), 'it')}."


def validate(config: dict) -> None:
    """Check `config` against the schemas; raise a `LacunaError` of one sentence for the first mistake."""
    import yaml
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource

    tables = {path.name: yaml.safe_load(path.read_text()) for path in sorted(SCHEMAS.glob("*.yaml"))}
    registry = Registry().with_resources(
        (name, Resource.from_contents(table, default_specification=_specification())) for name, table in tables.items()
    )
    validator = Draft202012Validator(tables["config.schema.yaml"], registry=registry)
    errors = sorted(
        validator.iter_errors(config), key=lambda error: (list(map(str, error.absolute_path)), error.message)
    )
    if errors:
        raise LacunaError(f"in the config, {_sentence(errors[0], config)}")


def _specification():
    from referencing.jsonschema import DRAFT202012

    return DRAFT202012
