"""What the numbers rest on: cards of images and masks, time, devices, versions, config."""

import platform
from importlib.metadata import distributions, version

import yaml

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
            roles.setdefault(test_set, []).append("test")
        return [self.card("images", name) | {"role": "; ".join(role)} for name, role in roles.items()]

    def mask_cards(self) -> list[dict]:
        """The card of every mask set of the run, with its roles and its bars (label, N, share of the fullest bin)."""
        roles: dict[str, list[str]] = {}
        for role in ("train", "validation", "test"):
            if role == "test" or self.config["sources"]:
                roles.setdefault(self.config[f"{role}_masks"], []).append("training" if role == "train" else role)
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
            record = read_json(self.folder / "training" / system / source / "record.json")
            rows.append(self._cost("train", system, source, record["seconds"], record) | {"seed": record.get("seed")})
        kept = self.table("quantitative")[["system", "source", "test_set"]].drop_duplicates()
        for (system, source), group in kept.groupby(["system", "source"], sort=True):
            folders = [self.folder / "predictions" / system / source / name for name in group["test_set"]]
            records = [read_json(folder / "record.json") for folder in folders]
            devices = sorted({record["device"] for record in records})
            total = {"device": ", ".join(devices), "n": sum(record["n"] for record in records)}
            rows.append(self._cost("predict", system, source, sum(record["seconds"] for record in records), total))
        return rows

    def _cost(self, stage: str, system: str, source: str, seconds: float, record: dict) -> dict:
        done = ", ".join(work_of(record)) if stage == "train" else f"{record['n']} images"
        source_title = self.sources.get(source, "–")
        names = {"stage": stage, "system": self.systems[system], "source": source_title}
        return names | {"seconds": seconds, "done": done, "device": record["device"], "seed": None}

    def versions(self) -> dict[str, str]:
        """Library → version: what the trainings recorded, then what made this page."""
        found: dict[str, set[str]] = {}
        for system, source in self.trained:
            record = read_json(self.folder / "training" / system / source / "record.json")
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
