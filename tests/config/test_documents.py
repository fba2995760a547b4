"""The schemas and the README say what the keys say, and the schemas accept and refuse what the keys do."""

import subprocess
import sys
from copy import deepcopy

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from lacuna.config import complete, documents, validate
from lacuna.errors import LacunaError

DEFAULT = yaml.safe_load((documents.ROOT / "config" / "config.yaml").read_text())
SHIPPED = sorted((documents.ROOT / "config").rglob("*.yaml"))


@pytest.mark.parametrize("path", documents.documents(), ids=lambda path: path.name)
def test_what_is_committed_is_what_is_made(path):
    """If this fails: `python -m lacuna.config`."""
    assert path.read_text(encoding="utf-8") == documents.documents()[path]


def test_every_table_is_in_the_readme():
    text = (documents.ROOT / "config" / "README.md").read_text()
    for name in documents.TABLES:
        assert f"<!-- keys: {name} -->" in text


@pytest.fixture(scope="module")
def by_schema():
    """A function: whether the JSON schemas take a config."""
    files = {path.name: yaml.safe_load(path.read_text()) for path in (documents.ROOT / "workflow/schemas").iterdir()}
    resources = [
        (name, Resource.from_contents(each, default_specification=DRAFT202012)) for name, each in files.items()
    ]
    validator = Draft202012Validator(files["config.schema.yaml"], registry=Registry().with_resources(resources))
    return validator.is_valid


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_configs_are_valid_by_schema_too(by_schema, path):
    config = yaml.safe_load(path.read_text())
    validate(config)
    assert by_schema(config)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_completed_config_is_valid_and_complete(path):
    config = yaml.safe_load(path.read_text())
    before = deepcopy(config)
    completed = complete(config)
    assert config == before
    validate(completed)
    assert complete(completed) == completed
    assert {"export", "studio", "controls", "figures", "cost", "set_metrics"} <= completed.keys()


def test_defaults_are_filled_in_where_they_belong():
    completed = complete(DEFAULT)
    assert completed["cost"] == {"seconds": 0.5, "largest_batch_cpu": 4, "largest_batch_gpu": 64}
    assert completed["image_sets"]["celeba_val"]["crop_scale"] == [1.0, 1.0]
    assert completed["training"]["flip"] is True and completed["training"]["log_every"] == 10
    assert completed["systems"]["aotgan"]["training"] == DEFAULT["systems"]["aotgan"]["training"]  # not filled up
    assert completed["systems"]["telea"] == {"settings": {}}
    assert "seed" not in completed["mask_sets"]["val_mask"]


CHANGES = {
    "unknown": ({"sed": 1}, False),
    "reversed share": ({"image_sets": {"paris_test": {"kind": "folder", "path": "x", "share": "all"}}}, False),
    "share of a package": ({"image_sets": {"paris_test": {"share": [0, 1]}}}, False),
    "a kind": ({"image_sets": {"paris_test": {"kind": "packages"}}}, False),
    "options": ({"mask_sets": {"val_mask": {"options": {"max_vertices": 3}}}}, False),
    "options of another family": ({"mask_sets": {"val_mask": {"options": {"aspect": 3}}}}, False),
    "right options": ({"mask_sets": {"val_mask": {"options": {"max_vertex": 3}}}}, True),
    "path of a drawn set": ({"mask_sets": {"val_mask": {"path": "x"}}}, False),
    "size": ({"image_size": [64, 0]}, False),
    "metric": ({"metrics": ["psnr", "psnt"]}, False),
    "twice": ({"metrics": ["psnr", "psnr"]}, False),
    "null budget": ({"training": {"iterations": None}}, True),
    "decay": ({"training": {"decay_from": 1}}, False),
    "export": ({"export": {"images": None}}, True),
    "name": ({"run": "with space"}, False),
    "newline": ({"run": "run\n"}, False),
    "given": ({"systems": {"theirs": {"kind": "predictions", "path": "x"}}}, True),
    "given with settings": ({"systems": {"theirs": {"kind": "predictions", "path": "x", "settings": {}}}}, False),
    "weights and training": ({"systems": {"madf": {"weights": "x"}}}, True),
}


def merged(config: dict, changes: dict) -> dict:
    """`config` with `changes` in it, mapping by mapping."""
    copy = dict(config)
    for name, value in changes.items():
        both = isinstance(value, dict) and isinstance(copy.get(name), dict)
        copy[name] = merged(copy[name], value) if both else value
    return copy


@pytest.mark.parametrize(("changes", "is_valid"), CHANGES.values(), ids=CHANGES)
def test_schema_and_keys_agree(by_schema, changes, is_valid):
    config = merged(DEFAULT, changes)
    assert by_schema(config) == is_valid
    if is_valid:
        validate(config)
    else:
        with pytest.raises(LacunaError):
            validate(config)


def test_planning_needs_no_heavy_library():
    code = (
        "import sys, yaml, lacuna.plan; from lacuna.config import complete, validate;"
        "config = yaml.safe_load(open('config/config.yaml')); validate(config); complete(config);"
        "heavy = {'numpy', 'torch', 'cv2', 'PIL', 'scipy', 'pandas', 'pydantic', 'jsonschema'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=documents.ROOT)
