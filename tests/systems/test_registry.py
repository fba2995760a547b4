"""Names, settings and lazy imports."""

import subprocess
import sys
from pathlib import Path

import pytest

from lacuna import systems
from lacuna.digests import modules_used
from lacuna.errors import LacunaError


def test_names_are_the_files():
    files = {path.stem for path in Path(systems.__path__[0]).glob("*.py")}
    assert set(systems.names()) == {name for name in files if not name.startswith("_")} - {"base"}
    assert {name: systems.system_class(name).facts.name for name in systems.names()} == {n: n for n in systems.names()}


def test_unknown_system_names_the_known_ones():
    with pytest.raises(LacunaError, match="no system 'aotgam': did you mean 'aotgan'"):
        systems.create("aotgam")


def test_settings_become_the_recipe_in_its_types():
    recipe = systems.create("telea", radius=5).recipe
    assert recipe.radius == 5.0 and isinstance(recipe.radius, float)


@pytest.mark.parametrize(("settings", "complaint"), [({"radius": "3"}, "type float"), ({"radius": 0}, "must be in")])
def test_settings_of_a_wrong_type_or_value_are_refused(settings, complaint):
    with pytest.raises(LacunaError, match=complaint):
        systems.create("telea", **settings)


@pytest.mark.parametrize("settings", [{"blocks": True}, {"width": 8.5}, {"rates": 3}, {"rates": ["1"]}, {"rates": []}])
def test_nothing_is_guessed_about_types(settings):
    with pytest.raises(LacunaError, match="aotgan"):
        systems.create("aotgan", **settings)


def test_weights_for_a_classical_system_are_refused():
    with pytest.raises(LacunaError, match="has no weights"):
        systems.load_released("telea", {})


def test_classical_systems_predict_without_torch():
    code = (
        "import sys, numpy as np; from lacuna import systems; s = systems.create('telea'); s.prepare();"
        "s.predict_arrays([np.zeros((9, 8, 3), np.uint8)], [np.eye(9, 8) > 0]); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_prediction_depends_on_its_own_system_only():
    telea = modules_used(("lacuna.steps.predict", "lacuna.systems.telea"))
    deep = modules_used(("lacuna.steps.predict", "lacuna.systems.aotgan"))
    assert not {"lacuna.systems.aotgan", "lacuna.systems.base", "lacuna.systems.navier_stokes"} & set(telea)
    assert not [module for module in telea if module.startswith(("lacuna.nn", "lacuna.training"))]
    assert "lacuna.systems.base" in deep and "lacuna.systems._classical" not in deep
