"""The jobs that adapt networks to pictures: test-time training, and what its results are called among the others."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from lacuna.adaptation.experiments import Experiment, chosen
from lacuna.adaptation.fitness import fitness
from lacuna.adaptation.naming import contestant, title
from lacuna.errors import LacunaError
from lacuna.plan.job import Job
from lacuna.plan.making import PICTURES, PREDICTIONS, Making
from lacuna.plan.stages import Work, declare
from lacuna.sources import ELSEWHERE

FOLDER = "{folder}/adaptation/{experiment}/{system}/{source}/{test_set}"
PICTURES_OF_ADAPTED = {
    name: path.replace("{system}", contestant("{system}", "{experiment}")) for name, path in PREDICTIONS.items()
}
STATE = "training_state.safetensors"


def _features(plan) -> list[str]:
    return [f"{FOLDER}/features.safetensors"] if plan.adaptation.get("set_metrics") else []


class Adapting(Making):
    """From weights and pictures to what adapted copies of the network predict.

    What adapts to every picture of every test set, from every source, is one more contestant; what leaves some out
    could not be compared with the others picture by picture, and stands in the tables of the adaptation alone.
    """

    @property
    def adaptation(self) -> dict:
        """The config's section; empty without one."""
        return self.config.get("adaptation") or {}

    @cached_property
    def experiments(self) -> dict[str, Experiment]:
        """The experiments of the run, by name."""
        asked = self.adaptation
        return chosen(asked["experiments"], asked.get("changes"), asked.get("common")) if asked else {}

    def adapted_systems(self) -> list[str]:
        """The systems that are adapted."""
        if not self.adaptation:
            return []
        asked = self.adaptation.get("systems")
        deep = [label for label, facts in self._facts.items() if facts["kind"] == "deep"]
        if not (asked or deep):
            raise LacunaError("in the config, adaptation finds no system to adapt; add one with a network")
        return asked or deep

    def adapted_sources(self, system: str) -> list[str]:
        """The sources whose networks of a system are adapted; released weights have one of their own."""
        asked = self.adaptation.get("sources")
        return [name for name in self.sources_of(system) if not asked or name in asked or name == ELSEWHERE]

    def adapted_test_sets(self) -> list[str]:
        """The sets whose pictures are adapted to: those that are reported on, and the one that is chosen on."""
        asked = self.adaptation.get("test_sets") or [name for name in self.test_sets if name not in self.truths]
        on = self.adaptation.get("choose_on")
        return list(dict.fromkeys([*asked, *([on] if on else [])]))

    def adaptations(self) -> list[tuple[str, str, str, str]]:
        """All (system, source, test set, experiment) that are adapted."""
        return [
            (system, source, test_set, experiment)
            for experiment in self.experiments
            for system in self.adapted_systems()
            for source in self.adapted_sources(system)
            for test_set in self.adapted_test_sets()
        ]

    def adaptation_jobs(self) -> list[Job]:
        """One job each of `adaptations`."""
        return [self.adapt(*key) for key in self.adaptations()]

    # ------------------------------------------------------------------ adapted systems among the others

    def adapted_contestants(self) -> dict[str, tuple[str, str]]:
        """Label → (system, experiment) of the adapted systems that are compared with all others."""
        if not self.adaptation or not all(self._is_adapted_whole(name) for name in self.test_sets):
            return {}
        if self.every.several:
            return {}  # what is shown alone is adapted to
        return {
            contestant(system, experiment): (system, experiment)
            for system in self.adapted_systems()
            if self.adapted_sources(system) == self.sources_of(system)
            for experiment in self.experiments
        }

    def _is_adapted_whole(self, test_set: str) -> bool:
        most = self.adaptation.get("images")
        count = self.config["image_sets"][test_set].get("count")
        return test_set in self.adapted_test_sets() and (not most or (count is not None and count <= most))

    def contestants(self) -> list[tuple[str, str]]:
        return [*super().contestants(), *self._adapted_keys()]

    def entrants(self) -> list[tuple[str, str]]:
        return [*super().entrants(), *self._adapted_keys()]

    def _adapted_keys(self) -> list[tuple[str, str]]:
        """All (label, source) of adapted systems."""
        adapted = self.adapted_contestants().items()
        return [(label, source) for label, (system, _) in adapted for source in self.sources_of(system)]

    def predicted(self, system: str, source: str, test_set: str) -> Job:
        if system in self.adapted_contestants():
            label, experiment = self.adapted_contestants()[system]
            return self.adapt(label, source, test_set, experiment)
        return super().predicted(system, source, test_set)

    def titles(self) -> dict:
        said = super().titles()
        names = dict(said["systems"])
        for label, (system, experiment) in self.adapted_contestants().items():
            said["systems"].append([label, title(names[system], experiment)])
        if on := self.adaptation.get("choose_on"):
            said["chosen_on"] = [[on, self.config["image_sets"][on].get("title", on)]]
        return said

    # ------------------------------------------------------------------ what is asked for is possible

    def check_adaptation(self) -> None:
        """A `LacunaError` of one sentence for the first system that cannot be adapted as the config asks."""
        for system in self.adapted_systems():
            if self.is_given(system):
                raise LacunaError(
                    f"in the config, adaptation.systems names '{system}', which is a folder of given predictions "
                    "without a network; leave it out"
                )
            if self.is_outside(system):
                raise LacunaError(
                    f"in the config, adaptation.systems names '{system}', a contestant from outside, which cannot "
                    "learn here; leave it out"
                )
            if self._facts[system]["kind"] != "deep":
                reason = self._fitness(system, Experiment())["reason"]
                raise LacunaError(f"in the config, adaptation.systems names '{system}': {reason}")
            if not self.adapted_sources(system):
                raise LacunaError(f"in the config, adaptation.sources leaves no source of system '{system}'; name one")
            for name, experiment in self.experiments.items():
                if reason := self._fitness(system, experiment)["reason"]:
                    raise LacunaError(f"in the config, experiment '{name}' does not fit system '{system}': {reason}")
                for source in self.adapted_sources(system):
                    self._discriminator(system, source, name)
                    self._pool(source, name)

    def _fitness(self, system: str, experiment: Experiment) -> dict:
        settings = self.systems[system].get("settings", {})
        return fitness(self.registered_name(system), settings, experiment, self._losses(system), self.cache_folder)

    def _losses(self, system: str) -> str | None:
        return self.adaptation["losses"].get(system)

    def _discriminator(self, system: str, source: str, experiment: str) -> list[str]:
        """The training state with the discriminator that an experiment asks, if it asks one."""
        if not self._fitness(system, self.experiments[experiment])["discriminator"]:
            return []
        if self.is_trained(system):
            return list(self.shown_training(system, source).outputs["state"])
        weights = Path(self.systems[system]["weights"])
        state = weights.with_name(STATE)
        if not state.is_file():
            raise LacunaError(
                f"in the config, experiment '{experiment}' asks a trained discriminator, but beside the weights "
                f"{weights} of system '{system}' lies no {STATE}; train the system here, or choose the experiment "
                "generator_without_discriminator"
            )
        return [str(state)]

    def _pool(self, source: str, experiment: str) -> dict[str, list[str]]:
        """The training pictures that an experiment fills holes with, and what is known of their looks.

        Of released weights nobody has the training pictures here: those of the run's own sources take their place.
        """
        asked = self.experiments[experiment]
        if not asked.needs_pool:
            return {}
        entries = [self.sources[source]] if source in self.sources else list(self.sources.values())
        if not entries:
            raise LacunaError(
                f"in the config, experiment '{experiment}' fills holes with training pictures, but 'sources' is empty; "
                "add a source, or choose a fill that needs no pictures"
            )
        sets = list(dict.fromkeys(entry["train"] for entry in entries))
        files: dict[str, list[str]] = {"pool": [*self._images(sets)]}
        if asked.fill == "similar_image":
            files["descriptions"] = [
                self.describe_images(self.at_size(name)).outputs["descriptions"][0] for name in sets
            ]
        return files

    # ------------------------------------------------------------------ jobs

    @declare("torch", {"descriptions": "{folder}/adaptation/descriptions/{image_set}.safetensors"})
    def describe_images(self, image_set: str) -> Work:
        """What the pictures of a training set look like, once for all that are adapted."""
        inputs = {"images": self.stage(image_set).outputs["index"], "backbones": self._fetched(["vgg16"])}
        return Work({"name": self.staged[image_set].base}, inputs)

    @declare(
        "torch",
        {
            "rows": f"{FOLDER}/rows.parquet",
            "choice": f"{FOLDER}/choice.parquet",
            "features": _features,
            "costs": f"{FOLDER}/record.json",
            **PICTURES_OF_ADAPTED,
        },
        beside=PICTURES,
    )
    def adapt(self, system: str, source: str, test_set: str, experiment: str) -> Work:
        asked, found = self.adaptation, self.experiments[experiment]
        settings = {
            "system": self.registered_name(system),
            "label": system,
            "settings": self.systems[system].get("settings", {}),
            "source": source,
            "test_set": test_set,
            "image_size": self.image_size,
            "seed": self.config["seed"],
            "name": experiment,
            "experiment": found.settings(),
            "losses": self._losses(system),
            "metrics": self.metrics_without_embeddings(),
            "images": asked.get("images"),
            "choice": asked["choice"],
            "features": bool(asked["set_metrics"]),
        }
        networks = [*self._facts[system]["backbones"], *self.backbones_of_scores()]
        networks += ["vgg16"] * (found.fill == "similar_image") + ["inception"] * settings["features"]
        inputs: dict[str, Sequence[str]] = {
            "pairs": self._lists(test_set),
            "weights": self.shown_weights(system, source),
            "discriminator": self._discriminator(system, source, experiment),
            **self._pool(source, experiment),
            "backbones": self._fetched(list(dict.fromkeys(networks))),
        }
        rival = (f"lacuna.systems.{found.method}",) if found.method != "adapt" else ()
        return Work(settings, inputs, modules=(*self._modules(system), *rival))
