"""What `lacuna.recorded` holds, asked anew for the shipped configs. It takes torch and the packages of photographs."""

import json

from lacuna.canonical import canonical_json
from lacuna.config.reading import read_config
from lacuna.data.packages import package_file
from lacuna.files import sha256_of
from lacuna.places import ROOT
from lacuna.plan import Plan
from lacuna.plan.names import Names
from lacuna.plan.remembered_facts import asked_facts, deciding
from lacuna.recorded import deciding_code
from lacuna.systems import names


class _OfConfig(Plan):
    """A plan whose folders of photographs need not be there."""

    def __init__(self, config: dict):
        Names.__init__(self, config)


def recording() -> str:
    """The text of `recorded.json`."""
    plans = [_OfConfig(read_config(path)) for path in sorted((ROOT / "config").rglob("*.yaml"))]
    photographs = {
        spec.partition("[")[0]: sha256_of(package_file(spec).path)
        for plan in plans
        for entry in plan.config["image_sets"].values()
        for spec in entry.get("images", [])
    }
    found = {"facts": _facts(plans), "fitness": _fitness(plans), "photographs": dict(sorted(photographs.items()))}
    return json.dumps(found, indent=1) + "\n"


def _facts(plans: list[_OfConfig]) -> dict:
    asked: dict[str, dict[str, dict]] = {name: {canonical_json({}): {}} for name in names()}
    for plan in plans:
        for label in plan.labels(given=False):
            settings = plan.systems[label].get("settings", {})
            asked[plan.registered_name(label)][canonical_json(settings)] = settings
    return {
        name: {
            "code": deciding_code(deciding(name)),
            "answers": {text: asked_facts(name, settings) for text, settings in sorted(each.items())},
        }
        for name, each in asked.items()
    }


def _fitness(plans: list[_OfConfig]) -> dict:
    from lacuna.adaptation.fitness import asked_fitness, deciding, question

    found: dict[str, dict] = {}
    for plan in plans:
        for label in plan.adapted_systems():
            name, settings = plan.registered_name(label), plan.systems[label].get("settings", {})
            losses = plan.adaptation["losses"].get(label)
            about = found.setdefault(name, {"code": deciding_code(deciding(name)), "answers": {}})
            for experiment in plan.experiments.values():
                answer = asked_fitness(name, settings, experiment, losses)
                about["answers"][question(settings, experiment, losses)] = answer
    return found
