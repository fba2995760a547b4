"""What the numbers rest on: cards of images and masks, time, devices, versions, config."""

import platform
from importlib.metadata import distributions, version

import yaml

from lacuna.axes import as_list, placed
from lacuna.data.truths import truths_of_sets
from lacuna.files import read_json
from lacuna.reporting.aggregation import bin_title
from lacuna.reporting.page.results import Results

STUDIO_DATA = "studio/models.json"
LIBRARIES = ("jinja2", "matplotlib", "numpy", "pandas", "pyarrow", "scipy", "seaborn")
# What the run worked with; the environment that makes the page need not have all of it.
OTHERS = ("lpips", "onnxruntime-gpu", "opencv-python-headless", "pillow", "scikit-image", "snakemake", "torch")


class Provenance(Results):
    """Where the data come from and what the work took."""

    def studio_notice(self) -> str:
        """What keeps the studio from filling anything, or nothing."""
        return read_json(self.folder / STUDIO_DATA)["notice"]

    def image_cards(self) -> list[dict]:
        """The card of every image set of the run, with its roles."""
        roles: dict[str, list[str]] = {}
        for role in ("train", "validation"):
            for source, entry in self.config["sources"].items():
                word = "training" if role == "train" else role
                roles.setdefault(entry[role], []).append(f"{word}, {self.sources[source]}")
        for test_set in self.config["test_sets"]:
            unscored = test_set in self.unscored_sets
            roles.setdefault(test_set, []).append("shown, without a truth" if unscored else "test")
        for test_set, truth in truths_of_sets(self.config["image_sets"], self.config["test_sets"]).items():
            roles.setdefault(truth, []).append(f"truth of {self.test_sets[test_set]}")
        return [self.card("images", name) | {"role": "; ".join(role)} for name, role in roles.items()]

    def mask_cards(self) -> list[dict]:
        """The card of every mask set of the run, with its roles and its bars (label, N, share of the fullest bin)."""
        roles: dict[str, list[str]] = {}
        own = {name: self.config["image_sets"][name].get("masks") for name in self.config["test_sets"]}
        for role in ("train", "validation", "test"):
            if None in own.values() if role == "test" else self.config["sources"]:
                for name in as_list(self.config[f"{role}_masks"]):
                    roles.setdefault(name, []).append("training" if role == "train" else role)
        for name, masks in own.items():
            if masks is not None:
                roles.setdefault(masks, []).append(f"test, {(self.test_sets | self.unscored_sets)[name]}")
        cards = []
        for name, words in roles.items():
            card = self.card("masks", name)
            most = max(card["bins"].values())
            bars = [(bin_title(label), count, count / most) for label, count in sorted(card["bins"].items())]
            cards.append(card | {"role": "; ".join(words), "bars": bars})
        return cards

    def costs(self) -> list[dict]:
        """Seconds and device of every training and, summed over the test sets, of every system's predictions."""
        rows = []
        for system, source in self.trained:
            record = self._training_record(system, source)
            rows.append(self._cost("train", system, source, record["seconds"], record) | {"seed": record.get("seed")})
        for (system, source), sets in sorted(self._predicted().items()):
            folder = self.folder / "predictions" / system / placed(self.settings, "predictions", system, source)
            records = [read_json(folder / placed(self.settings, "lists", name) / "record.json") for name in sets]
            devices = sorted({record["device"] for record in records})
            total = {"device": ", ".join(devices), "n": sum(record["n"] for record in records)}
            rows.append(self._cost("predict", system, source, sum(record["seconds"] for record in records), total))
        return rows

    def _training_record(self, system: str, source: str) -> dict:
        return read_json(self.folder / "training" / system / placed(self.settings, "training", source) / "record.json")

    def _predicted(self) -> dict[tuple[str, str], list[str]]:
        """(system, source) → the test sets that it completed, those without a truth included."""
        keys = [tuple(key) for key in self.settings.get("shown", [])]
        if self.test_sets:
            scored = self.table("quantitative")[["system", "source", "test_set"]].drop_duplicates()
            keys = [*scored.itertuples(index=False, name=None), *keys]
        found: dict[tuple[str, str], list[str]] = {}
        for system, source, test_set in keys:
            found.setdefault((system, source), []).append(test_set)
        return found

    def _cost(self, stage: str, system: str, source: str, seconds: float, record: dict) -> dict:
        done = ", ".join(work_of(record)) if stage == "train" else f"{record['n']} images"
        source_title = self.sources.get(source, "–")
        names = {"stage": stage, "system": self.systems[system], "source": source_title}
        return names | {"seconds": seconds, "done": done, "device": record["device"], "seed": None}

    def versions(self) -> dict[str, str]:
        """Library → version: what the trainings recorded, then what made this page."""
        found: dict[str, set[str]] = {}
        for system, source in self.trained:
            record = self._training_record(system, source)
            for name, number in (record.get("versions") or {}).items():
                found.setdefault(name, set()).add(str(number))
        found.setdefault("python", set()).add(platform.python_version())
        installed = {each.name.lower() for each in distributions()}
        for name in (*LIBRARIES, *(name for name in OTHERS if name in installed)):
            found.setdefault(name, set()).add(version(name))
        return {name: ", ".join(sorted(numbers)) for name, numbers in sorted(found.items())}

    def config_text(self) -> str:
        return yaml.safe_dump(self.config, sort_keys=False, allow_unicode=True, width=110)


def work_of(record: dict) -> list[str]:
    """What a training's `record.json` says of its work: its steps, then what is not as it is by default."""
    said = [f"{record['steps']} steps"]
    if record["precision"] != "32-true":
        said.append(record["precision"])
    if record["feature_losses_every"] > 1:
        said.append(f"losses on pretrained features in one of {record['feature_losses_every']}")
    if record["ema"]:
        said.append(f"averaged weights ({record['ema']:g})")
    if record["devices"] > 1:
        said.append(f"divided among {record['devices']} devices")
    if record["accumulate"] > 1:
        said.append(f"in {record['accumulate']} parts one after the other")
    return said
