"""A made-up run: crops of two photographs, blurred and noisy 'predictions', invented curves, the real commands."""

from pathlib import Path

import numpy as np
from PIL import Image

from lacuna.axes import Variant
from lacuna.controls import TITLES as CONTROLS
from lacuna.controls import index_of
from lacuna.files import read_rows, write_json, write_rows
from lacuna.metrics.per_set import SET_METRICS
from lacuna.metrics.records import write_records
from lacuna.metrics.set_scoring import COLUMNS, NUMBERS
from lacuna.reporting.adaptation.kinds import DRAWINGS
from lacuna.reporting.descriptions import described, together
from lacuna.reporting.rulegraph import draw, parse_dot
from lacuna.reporting.votes.ballots import FORMAT
from lacuna.sources import CONTROL
from tests.reporting.made_up_adaptation import SECTION, make_adaptation
from tests.steps import run_step

TITLES = {
    "run": "made_up",
    "title": "Made-up run",
    "demonstration": True,
    "systems": [["telea", "Telea"], ["navier_stokes", "Navier-Stokes"], ["aotgan", "AOT-GAN (narrow)"]],
    "sources": {"place2": "Place2", "celeba": "CelebA"},
    "test_sets": {
        "paris_test": "Paris StreetView stand-in: a cat",
        "FFHQ_test": "FFHQ stand-in: <one> portrait & more",
    },
}
KEYS = {
    name: ("untrained",) if name in ("telea", "navier_stokes") else ("place2", "celeba")
    for name in ("telea", "navier_stokes", "aotgan")
}
PUBLISHED = Path(__file__).parents[2] / "workflow/published/original_comparison.csv"
QUALITY = {"telea": 0.35, "navier_stokes": 0.45, "aotgan": 0.25}
NEAR = {"limit": 6, "correlation": 0.9, "number": 0, "pairs": []}


def write_picture(path: Path, array: np.ndarray) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return str(path)


def make_set(folder: Path, name: str, photograph: np.ndarray, size: tuple[int, int], n: int, random) -> None:
    """Images, masks and list of one set; `size` is (height, width)."""
    lines, bins, origins, masks = [], {}, [], []
    for number in range(n):
        top, left = (int(random.integers(0, photograph.shape[axis] - 2 * size[axis])) for axis in (0, 1))
        crop = photograph[top : top + 2 * size[0] : 2, left : left + 2 * size[1] : 2, :3]
        share = 0.02 + 0.57 * number / max(1, n - 1)
        mask = np.zeros(size, np.uint8)
        rows = max(2, round(size[0] * share**0.6))
        columns = max(2, round(size[1] * share**0.4))
        y, x = int(random.integers(0, size[0] - rows + 1)), int(random.integers(0, size[1] - columns + 1))
        mask[y : y + rows, x : x + columns] = 255
        image = write_picture(folder / f"images/{name}/{number:04d}.png", np.ascontiguousarray(crop))
        hole = write_picture(folder / f"masks/{name}_masks/{number:04d}.png", mask)
        lines.append(f"{image}\t{hole}\n")
        origins.append({"file": f"{number:04d}.png", "origin_sha256": f"{name} {number // 2}"})
        label = f"{min(5, int(share * 10)) / 10 or 0.01:.2f}-{min(5, int(share * 10)) / 10 + 0.1:.2f}"
        bins[label] = bins.get(label, 0) + 1
        masks.append({"file": f"{number:04d}.png", "coverage": f"{mask.mean() / 255:.6f}", "bin": label})
    write_rows(folder / f"images/{name}/index.csv", origins, ["file", "origin_sha256"])  # as if two crops were of each
    write_rows(folder / f"masks/{name}_masks/index.csv", masks, ["file", "coverage", "bin"])
    (folder / "lists").mkdir(exist_ok=True)
    (folder / f"lists/{name}.txt").write_text("".join(lines))
    write_json(
        folder / f"images/{name}/card.json",
        {
            "name": name,
            "title": TITLES["test_sets"].get(name, name),
            "n": n,
            "origins": 1,
            "size": [size[1], size[0]],
            "digest": "0123456789abcdef",
            "licence": "CC0",
            "note": "Made up for the tests.",
        },
    )
    write_json(
        folder / f"masks/{name}_masks/card.json",
        {
            "name": f"{name}_masks",
            "kind": "boxes",
            "n": n,
            "size": [size[1], size[0]],
            "digest": "fedcba9876543210",
            "coverage": [0.01, 0.6],
            "mean_coverage": 0.3,
            "bins": bins,
        },
    )


def make_predictions(folder: Path, system: str, source: str, test_set: str, random) -> str:
    rows, target = [], folder / f"predictions/{system}/{source}/{test_set}"
    for number, line in enumerate((folder / f"lists/{test_set}.txt").read_text().splitlines()):
        image, mask = line.split("\t")
        truth = np.asarray(Image.open(image)).astype(float)
        hole = np.asarray(Image.open(mask)) == 255
        raw = truth.copy()
        raw[hole] = (1 - QUALITY[system]) * truth[hole] + QUALITY[system] * truth.mean((0, 1))
        if system == "aotgan":
            raw += random.normal(0, 6 if source == "place2" else 12, raw.shape)
        write_picture(target / f"{number:04d}.png", np.clip(raw, 0, 255).astype(np.uint8))
        rows.append({"file": f"{number:04d}.png", "image": image, "mask": mask})
    write_json(target / "record.json", {"seconds": 1.25, "device": "cpu", "n": len(rows)})
    write_rows(target / "index.csv", rows, ["file", "image", "mask"])
    return str(target / "index.csv")


def make_controls(folder: Path, metrics, backbones: str) -> list[Path]:
    """The real commands, on the made-up images; returns the files of scores."""
    sets = list(TITLES["test_sets"])
    lists, found = [folder / f"lists/{name}.txt" for name in sets], []
    settings = {"controls": list(CONTROLS), "test_sets": sets}
    every = [index_of(folder / "predictions", name, test_set) for name in CONTROLS for test_set in sets]
    step("controls", settings, {"pairs": lists}, {"indexes": every})
    for name in CONTROLS:
        indices = [index_of(folder / "predictions", name, test_set) for test_set in sets]
        scores = [folder / f"scores/{name}/{CONTROL}/{test_set}.parquet" for test_set in sets]
        step(
            "score",
            {"system": name, "source": CONTROL, "test_sets": sets, "metrics": list(metrics)},
            {"pairs": lists, "predictions": indices, "backbones": Path(backbones) / "any"},
            {"scores": scores},
        )
        found += scores
    return found


def make_set_scores(folder: Path, n: int, random) -> Path:
    """Invented values for systems and controls, FID flagged."""
    keys = [(system, source) for system, sources in KEYS.items() for source in sources]
    rows = [
        {"source": source, "test_set": test_set, "system": system, "prediction": prediction, "metric": metric.name}
        | {"value": random.random(), "standard_error": None if metric.name == "fid" else 0.01}
        | {"n": n, "flag": metric.flag(n)}
        for system, source in [*keys, *((name, CONTROL) for name in CONTROLS)]
        for test_set in TITLES["test_sets"]
        for prediction in ("composite", "raw")
        for metric in (SET_METRICS["fid"], SET_METRICS["kid"])
    ]
    write_records(folder / "set_scores/all.parquet", rows, COLUMNS, NUMBERS)
    return folder / "set_scores/all.parquet"


def make_training(folder: Path, system: str, source: str, size: tuple[int, int], random) -> None:
    target = folder / f"training/{system}/{source}"
    steps = np.arange(1, 301)
    losses = [
        {
            "step": int(step),
            "reconstruction": 0.3 / step**0.3 * random.uniform(0.8, 1.2),
            "style": 0.9 / step**0.4 * random.uniform(0.7, 1.3),
            "adversarial": 0.02 * random.uniform(0.5, 1.5),
        }
        for step in steps
    ]
    target.mkdir(parents=True)
    write_rows(target / "losses.csv", losses, ["step", "reconstruction", "style", "adversarial"])
    better = 1 if source == "place2" else 0.8
    scores = [
        {
            "step": step,
            "psnr": 14 + better * step / 60,
            "l1": 0.1 / (1 + better * step / 100),
            "psnr_raw": 8 + better * step / 40,
            "l1_hole": 0.3 / (1 + better * step / 100),
            "l1_valid": 0.1 + step / 3000,  # gets worse, and must be said to
        }
        for step in (0, 100, 200, 300)
    ]
    write_rows(target / "validation.csv", scores, list(scores[0]))
    write_json(
        target / "record.json",
        {
            "seconds": 61.5,
            "images_per_second": 39.0,
            "device": "cpu",
            "versions": {"torch": "2.11.0"},
            "seed": 1234,
            "peak_memory": 400 * 2**20,
            "steps": 300,
            "feature_losses_every": 1,
            "ema": None,
            "accumulate": 1,
            "devices": 1,
            "precision": "32-true",
        },
    )
    (target / "weights.safetensors").write_bytes(bytes(3 * 2**19))
    write_picture(target / "samples.png", random.integers(0, 256, (size[0] * 2, size[1] * 4, 3), dtype=np.uint8))


def make_costs(folder: Path) -> None:
    """Invented counts and times: of AOT-GAN on a CPU and a GPU, of the algorithms on a CPU."""
    machine = {"processor": "Some processor", "gpu": "Some GPU", "threads": 2, "busy": 0.25}
    times = {"median_ms": 12.5, "q1_ms": 12.0, "q3_ms": 14.25, "repeats": 7}
    for label in KEYS:
        measured = {"system": label, "kind": "classical", "image_size": [60, 44], "machine": machine, "counts": None}
        rows = [{"runtime": "classical", "device": "cpu", "batch": 1, **times, "peak_memory": 3 * 2**20}]
        if label == "aotgan":
            counted = {"parameters": 62_500, "macs": 456_000_000, "fourier_macs": 0}
            parts = {"encoder": {"parameters": 22_500, "macs": 1}, "decoder": {"parameters": 40_000, "macs": 2}}
            run = counted | {"height": 44, "width": 60, "parts": parts, "discriminator": 1_000}
            theirs = counted | {"parameters": 15_200_835, "macs": 72_876_032_000}
            measured |= {"kind": "deep", "counts": {"run": run, "run_256": counted, "authors_256": theirs}}
            of = [("pytorch", "cpu", 1, 2**20), ("pytorch", "cuda", 8, 2**30), ("onnxruntime", "cuda", 4, None)]
            rows = [
                {"runtime": runtime, "device": device, "batch": batch, **times, "peak_memory": memory}
                for runtime, device, batch, memory in of
            ]
        write_json(folder / f"cost/{label}.json", measured | {"rows": rows})


def make_export(folder: Path, system: str, source: str, shift: float) -> Path:
    """Record, parity and scores of an export whose composites score `shift` more than PyTorch's; returns the parity."""
    import pandas as pd

    target = folder / f"export/{system}/{source}"
    facts = {"opset": 17, "exporter": "an exporter", "size": {"multiple": 4, "minimum": 36}}
    files = {"model.onnx": {"bytes": 4_600_000, **facts}, "end_to_end.onnx": {"bytes": 4_700_000, **facts}}
    write_json(target / "record.json", {"exported": True, "files": files})
    sizes = {"run_size": ([[44, 60]], 6), "other_size": ([[56, 108]], 2)}
    found = {"max_abs_difference": 2.5e-6, "max_abs_value": 1.25, "max_abs_clamped": shift / 10, "psnr": None}
    parity = {name: {"sizes": size, "n": n, **found} for name, (size, n) in sizes.items()}
    parity |= {
        "runtime": "ONNX Runtime 1.2.3",
        "providers": ["CPUExecutionProvider"],
        "device": "cpu",
        "verified": True,
    }
    parity["end_to_end"] = {"sizes": [[47, 65]], "n": 2, "hole_levels": 1, "valid_changed": 0}
    write_json(target / "parity.json", parity)
    rows = pd.concat(map(pd.read_parquet, sorted((folder / f"scores/{system}/{source}").glob("*.parquet"))))
    some = rows[rows["image"].isin(sorted(set(rows["image"]))[::3])]
    some.assign(value=some["value"] + shift).to_parquet(target / "scores.parquet")
    return target / "parity.json"


def make_holes(folder: Path) -> dict:
    """By the real step."""
    sets = TITLES["test_sets"]
    outputs = [folder / f"holes/{name}.csv" for name in sets]
    step("describe_holes", {}, {"pairs": [folder / f"lists/{name}.txt" for name in sets]}, {"holes": outputs})
    return {"holes": outputs}


def make_votes(folder: Path, indices: list[Path]) -> dict:
    """The page by its step, and the votes of two people who prefer what comes first in the alphabet."""
    files = {"votes": [folder / "votes_0.json", folder / "votes_1.json"], "votes_key": folder / "votes_key.csv"}
    outputs = {"folder": folder / "votes", "key": files["votes_key"]}
    step("votes", {"seed": 3, "questions": 20}, {"predictions": indices}, outputs)
    rows = read_rows(files["votes_key"])
    for voter, path in enumerate(files["votes"]):
        votes = [
            {"question": row["question"], "choice": "ab"[row["system_a"] > row["system_b"]], "left": "a", "seconds": 2}
            for row in rows
        ]
        votes[voter]["choice"] = "tie"
        saved = {"voter": f"voter {voter}", "saved": f"2026-01-0{voter + 1}T00:00:00Z"}
        write_json(path, {"format": FORMAT, "ballot": rows[0]["ballot"], **saved, "votes": votes})
    return files


def make_run(folder: Path, size=(44, 60), n=9, metrics=("psnr", "l1"), backbones: str = "none", drawn=False) -> dict:
    """Everything a report needs, in `folder`; returns the settings of the report.

    drawn: with every figure; else noise lies where the page alone reads a figure, which saves most of the time.
    """
    from skimage import data

    random = np.random.default_rng(5)
    for name, photograph in zip(TITLES["test_sets"], (data.chelsea(), data.astronaut()), strict=True):
        make_set(folder, name, photograph, size, n, random)
    for name in ("train", "validation"):
        make_set(folder, name, data.coffee(), size, n, random)
    scores, indices = [], {}
    for system, sources in KEYS.items():
        for source in sources:
            for test_set in TITLES["test_sets"]:
                index = make_predictions(folder, system, source, test_set, random)
                indices.setdefault(test_set, []).append(index)
                scores.append(str(folder / f"scores/{system}/{source}/{test_set}.parquet"))
                step(
                    "score",
                    {"system": system, "source": source, "test_sets": [test_set], "metrics": list(metrics)},
                    {
                        "pairs": folder / f"lists/{test_set}.txt",
                        "predictions": index,
                        "backbones": Path(backbones) / "any",
                    },
                    {"scores": scores[-1]},
                )
            if source != "untrained":
                make_training(folder, system, source, size, random)
    make_costs(folder)
    every = [Path(index) for of_set in indices.values() for index in of_set]
    trained = [folder / f"training/aotgan/{source}" for source in KEYS["aotgan"]]
    rows = [[label, label, source, None] for label, sources in KEYS.items() for source in sources]
    for row in rows:
        if row[2] != "untrained":
            row[3] = str(folder / f"training/{row[0]}/{row[2]}/weights.safetensors")
    nothing = [[name, "untrained", "an algorithm, and no network"] for name in ("telea", "navier_stokes")]
    inputs = {  # what each of `descriptions.INPUTS` is: files, and settings to read them with
        "scores": ({"scores": scores}, {"metrics": list(metrics)}),
        "controls": ({"controls": make_controls(folder, metrics, backbones)}, {}),
        "set_scores": ({"set_scores": make_set_scores(folder, n, random)}, {}),
        "training": (
            {
                "losses": [each / "losses.csv" for each in trained],
                "validation": [each / "validation.csv" for each in trained],
                "validation_lists": folder / "lists/validation.txt",
            },
            {"validation_sets": [[source, "validation"] for source in TITLES["sources"]]},
        ),
        "holes": (make_holes(folder), {}),
        "votes": (make_votes(folder, every), {}),
        "masks": ({"masks": sorted((folder / "masks").glob("*/index.csv"))}, {}),
        "predictions": (
            {
                "predictions": every,
                "prediction_records": [index.with_name("record.json") for index in every],
                "lists": [folder / f"lists/{name}.txt" for name in TITLES["test_sets"]],
            },
            {},
        ),
        "costs": (
            {
                "costs": sorted((folder / "cost").glob("*.json")),
                "outside_records": [],
                "weights": [each / "weights.safetensors" for each in trained],
                "training_records": [each / "record.json" for each in trained],
                "published_counts": PUBLISHED.with_name("complexity.csv"),
            },
            {"rows": rows},
        ),
        "parity": (
            {"parity": [make_export(folder, "aotgan", *each) for each in (("place2", 1e-5), ("celeba", 0.5))]},
            {"without": nothing},
        ),
        "published": ({"published_means": PUBLISHED}, {}),
        "published_adaptation": ({"published_improvements": PUBLISHED.with_name("adaptation.csv")}, {}),
    }
    adapted = [("aotgan", source, test_set) for source in KEYS["aotgan"] for test_set in TITLES["test_sets"]]
    inputs |= {name: (files, {}) for name, files in make_adaptation(folder, adapted, metrics).items()}
    make_described(folder, inputs, {"adaptation": SECTION, "metrics": list(metrics)}, drawn, random)
    make_drawings(folder, random)
    draw(parse_dot(DOT), folder / "figures" / "rulegraph.svg")
    write_json(
        folder / "images/splits.json",
        {"training": {"train": 3}, "evaluation": {"validation": 1, "paris_test": 2}, "shared": 0, "near": NEAR},
    )
    sources = {name: {"train": "train", "validation": "validation"} for name in TITLES["sources"]}
    masks = {f"{role}_masks": f"{name}_masks" for role, name in (("train", "train"), ("validation", "validation"))}
    config = {"seed": 2021, "metrics": list(metrics), "sources": sources, **masks, "test_masks": "paris_test_masks"}
    config |= {"adaptation": SECTION, "test_sets": list(TITLES["test_sets"]), "note": 'a "quoted" <value>'}
    config |= {"votes": {"questions": 20, "files": ["votes.json"]}}
    config |= {"image_sets": {name: {} for name in TITLES["test_sets"]}}
    return TITLES | {"config": config, "studio": False, "ballot": True, "made": made_of(MadeUpPlan)}


class MadeUpPlan:
    """What descriptions ask a plan, for the made-up run."""

    test_sets = list(TITLES["test_sets"])
    unscored_sets: tuple[str, ...] = ()
    config: dict = {"figures": {}}
    adaptation = SECTION
    experiments = SECTION["experiments"]
    repeats = samples = 1

    @staticmethod
    def axes() -> dict[str, list]:
        return {}

    @staticmethod
    def drawing() -> list[str]:
        return []

    @staticmethod
    def paged_sources() -> list[str]:
        return list(TITLES["sources"])

    @staticmethod
    def trainings() -> list[tuple[str, str]]:
        return [("aotgan", source) for source in TITLES["sources"]]

    @staticmethod
    def learner(source: str) -> Variant:
        return Variant(source, source, {})

    @staticmethod
    def has_votes() -> bool:
        return True

    @staticmethod
    def is_exporting() -> bool:
        return True

    @staticmethod
    def labels(given: bool) -> list[str]:
        return [] if given else list(KEYS)

    @staticmethod
    def outside() -> list[str]:
        return []


def made_of(plan) -> dict:
    """The setting `made` of a report: kind → name → values."""
    found = {kind: {name: each.values(plan) for name, each in described(kind).items()} for kind in STEPS}
    return {kind: {name: values for name, values in names.items() if values} for kind, names in found.items()}


STEPS = {"tables": "table", "figures": "figure"}


def make_drawings(folder: Path, random) -> None:
    """What another rule draws to explain the adaptation."""
    for name in DRAWINGS:
        write_picture(
            folder / f"figures/adaptation_drawn_{name}.png", random.integers(0, 256, (40, 90, 3), dtype=np.uint8)
        )


def make_described(folder: Path, inputs: dict, config: dict, drawn: bool, random) -> None:
    """All tables and figures, by the real steps, each from no more than what its description names.

    drawn: if not, figures beside which nothing else is written are noise.
    """
    for kind, stage in STEPS.items():
        for group, names in together(kind, MadeUpPlan).items():
            here = {name: described(kind)[name] for name in names}
            for name in [] if drawn or kind == "tables" else [name for name in here if not here[name].also]:
                figure = here.pop(name)
                for value in figure.values(MadeUpPlan):
                    noise = random.integers(0, 256, (30, 50, 3), dtype=np.uint8)
                    write_picture(folder / figure.file(value), noise)
            if not here:
                continue
            settings = TITLES | {key: config.get(key) for each in here.values() for key in each.config}
            settings |= {"made": {name: each.values(MadeUpPlan) for name, each in here.items()}}
            files = {}
            for name in group:
                files |= inputs[name][0]
                settings |= inputs[name][1]
            outputs = {
                name: [folder / file for value in each.values(MadeUpPlan) for file in each.files(value)]
                for name, each in here.items()
            }
            step(stage, settings, files, outputs)


def step(stage: str, settings: dict, inputs: dict, outputs: dict) -> None:
    """Run a step; it must succeed."""
    assert run_step(stage, settings, inputs, outputs) == 0, stage


DOT = """digraph snakemake_dag {
    graph[bgcolor=white, margin=0];
    node[shape=box, style=rounded, fontname=sans,                 fontsize=10, penwidth=2];
    edge[penwidth=2, color=grey];
\t0[label = "report", color = "0.43 0.6 0.85", style="rounded"];
\t1[label = "tabulate", color = "0.57 0.6 0.85", style="rounded"];
\t2[label = "score", color = "0.48 0.6 0.85", style="rounded"];
\t3[label = "predict", color = "0.33 0.6 0.85", style="rounded"];
\t4[label = "train", color = "0.62 0.6 0.85", style="rounded,dashed"];
\t5[label = "pair", color = "0.14 0.6 0.85", style="rounded"];
\t6[label = "stage", color = "0.52 0.6 0.85", style="rounded"];
\t7[label = "make_masks", color = "0.10 0.6 0.85", style="rounded"];
\t8[label = "fetch_backbone", color = "0.05 0.6 0.85", style="rounded"];
\t9[label = "plot_training", color = "0.29 0.6 0.85", style="rounded"];
\t10[label = "plot_qualitative", color = "0.24 0.6 0.85", style="rounded"];
\t9 -> 0
\t10 -> 0
\t1 -> 0
\t4 -> 0
\t2 -> 1
\t3 -> 2
\t5 -> 2
\t8 -> 2
\t4 -> 3
\t5 -> 3
\t5 -> 4
\t8 -> 4
\t6 -> 5
\t7 -> 5
\t4 -> 9
\t3 -> 10
\t5 -> 10
}
"""
