"""The gallery: one page to look through every test image of a run, opened from disk, without a server.

The page holds its style and script; `data.js` beside it holds names, scores and the relative paths of the pictures.
Pictures are never copied: the page shows the files of `images/`, `masks/` and `predictions/` where they lie, and draws
composites from them as it shows them.
"""

import base64
import json
import os
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from lacuna.axes import placed
from lacuna.canonical import digest
from lacuna.data.images import read_mask
from lacuna.data.indexes import read_index
from lacuna.data.lists import read_list, read_truths
from lacuna.errors import LacunaError
from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.aggregation import read_scores
from lacuna.reporting.titles import PREDICTIONS, REGIONS, UNTRAINED_MARK, UNTRAINED_NOTE, titles
from lacuna.sources import SHARED

DATA_FILE = "data.js"
GLOBAL = "lacunaGallery"  # the one name that data.js defines
KEYS = ["prediction", "region", "metric"]


def packed(values: np.ndarray) -> str:
    """Numbers as base64 of little-endian float32: a third of the text's size, and nothing for the page to parse."""
    return base64.b64encode(np.asarray(values, "<f4").tobytes()).decode()


def addresses(paths: list[str], seen_from: Path) -> dict:
    """The URLs of files relative to the folder of the page: `{"folder": their common beginning, "files": the rest}`.

    A file that does not exist is a `LacunaError`.
    """
    folders: dict[str, tuple[str, set[str]]] = {}  # → its URL and the names in it
    urls = []
    for path in paths:
        folder, _, name = path.rpartition("/")
        if folder not in folders:
            url = quote(Path(os.path.relpath(folder, seen_from)).as_posix())
            folders[folder] = url, {each.name for each in Path(folder).glob("*")}
        url, names = folders[folder]
        if name not in names:
            raise LacunaError(f"{path} does not exist, so the gallery cannot show it; run the rule that makes it again")
        urls.append(f"{url}/{quote(name)}")
    length = os.path.commonprefix(urls).rfind("/") + 1
    return {"folder": urls[0][:length], "files": [url[length:] for url in urls]}


def sources_of(folder: Path, system: str, sources: list[str], test_set: str, settings: dict) -> list[str]:
    """The sources under which a system's predictions for a test set lie: all of them, or a shared one alone.

    test_set: as paths have it.
    """
    named = {name: placed(settings, "predictions", system, name) for name in (*sources, *sorted(SHARED))}
    present = [
        name
        for name, entrant in named.items()
        if (folder / f"predictions/{system}/{entrant}/{test_set}/index.csv").exists()
    ]
    shared = len(present) == 1 and present[0] in SHARED
    if not present or not (shared or present == sources):
        raise LacunaError(
            f"{folder}/predictions/{system} has predictions for '{test_set}' from {', '.join(present) or 'no source'}, "
            f"but all of {', '.join(sources) or 'no source'}, or one of {', '.join(sorted(SHARED))} alone, are needed; "
            "run the rule 'predict', and remove what an older config left there"
        )
    return present


def aligned_scores(path: Path, pairs: list[tuple[str, str]], metrics: list[str]) -> tuple[np.ndarray, dict]:
    """Coverages (N) and `(prediction, region, metric)` → values (N, NaN where there is none), in the order of `pairs`.

    Rows of other metrics than `metrics` are left out; missing rows for a pair or a metric are a `LacunaError`.
    """
    rows = read_scores([path])
    where = pd.MultiIndex.from_tuples(pairs).get_indexer(pd.MultiIndex.from_frame(rows[["image", "mask"]]))
    coverage = np.full(len(pairs), np.nan)
    coverage[where[where >= 0]] = rows["coverage"].to_numpy()[where >= 0]
    missing = sorted(set(metrics) - set(rows["metric"]))
    if (where < 0).any() or np.isnan(coverage).any() or missing:
        what = f"no values of '{missing[0]}'" if missing else "other images than the predictions"
        raise LacunaError(f"{path} holds {what}; run the rule 'score' again")
    values = {}
    for key, group in rows.assign(where=where).groupby(KEYS, sort=False, observed=True):
        if key[2] in metrics:
            values[key] = np.full(len(pairs), np.nan)
            values[key][group["where"]] = group["value"]
    return coverage, values


def gallery_data(settings: dict, folder: str | Path, page_folder: str | Path) -> str:
    """The text of `data.js`: everything the page shows except the pictures.

    `settings`: `{run, title, demonstration, systems, sources, test_sets, metrics}`, and `unscored_sets` where there are
    sets without a truth, and `places` where names in paths are others (`lacuna.axes.placed`). Reads `lists/`,
    `predictions/*/index.csv` and `scores/` under `folder`; paths in the data are relative to `page_folder`. Raises
    `LacunaError` for files that are missing, and for systems that were not given the same images with the same masks.
    """
    folder, page_folder = Path(folder), Path(page_folder)
    systems, sources, test_sets = (titles(settings[key]) for key in ("systems", "sources", "test_sets"))
    columns: dict[tuple[str, str, str], None] = {}
    sets: list[dict] = []
    entries: dict[str, dict] = {}
    shared: set[str] = set()
    unscored = titles(settings.get("unscored_sets", []))
    for test_set, title in (test_sets | unscored).items():
        pairs, first, cell = None, None, placed(settings, "lists", test_set)
        coverage: np.ndarray | None = None
        for system in systems:
            if test_set in unscored and not any(folder.glob(f"predictions/{system}/*/{cell}/index.csv")):
                continue  # a network that was adapted to the other sets alone
            for source in sources_of(folder, system, list(sources), cell, settings):
                entrant = placed(settings, "predictions", system, source)
                index = folder / f"predictions/{system}/{entrant}/{cell}/index.csv"
                listed = read_index(index, "file", "image", "mask")
                mine = [(row["image"], row["mask"]) for row in listed]
                if not mine or len(set(mine)) != len(mine):
                    raise LacunaError(f"{index} lists no image, or one twice; run the rule 'predict' again")
                if pairs is not None and mine != pairs:
                    raise LacunaError(f"{index} and {first} list other images or masks; run the rule 'predict' again")
                pairs, first = mine, index
                values: dict = {}
                if test_set in unscored:
                    coverage = _coverages(pairs) if coverage is None else coverage
                else:
                    scores = folder / f"scores/{system}/{entrant}/{cell}.parquet"
                    coverage, values = aligned_scores(scores, pairs, settings["metrics"])
                columns |= dict.fromkeys(values)
                entry = addresses([f"{index.parent.as_posix()}/{row['file']}" for row in listed], page_folder)
                entry["values"] = {"/".join(key): packed(numbers) for key, numbers in values.items()}
                entries.setdefault(test_set, {}).setdefault(system, {})[source] = entry
                shared |= {system} if source in SHARED else set()
        if pairs is None or coverage is None:
            raise LacunaError("the settings name no system; a gallery needs at least one")
        images, masks = (addresses(list(paths), page_folder) for paths in zip(*pairs, strict=True))
        said = {"name": test_set, "title": title, "images": images, "masks": masks, "coverage": packed(coverage)}
        sets.append(said | _truths(folder / f"lists/{cell}.txt", page_folder, test_set in unscored))
    facts = ("name", "title", "unit", "direction", "decimals", "label", "note")
    data = {
        "run": settings["run"],
        "systems": [
            {"name": name, "title": f"{title} {UNTRAINED_MARK}" if name in shared else title, "shared": name in shared}
            for name, title in systems.items()
        ],
        "sources": [{"name": name, "title": title} for name, title in sources.items()],
        "testSets": sets,
        "metrics": [{fact: getattr(metric_by_name(name), fact) for fact in facts} for name in settings["metrics"]],
        "readings": _readings(columns),
        "sharedNote": UNTRAINED_NOTE,
        "entries": entries,
    }
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return f"window.{GLOBAL} = {text};\n"


def _coverages(pairs: list[tuple[str, str]]) -> np.ndarray:
    """The share of each picture that is hole, of masks that lie as files."""
    return np.array([float(read_mask(mask).mean()) for _, mask in pairs])


def _truths(list_path: Path, page_folder: Path, unscored: bool) -> dict:
    """`{"truths": …}`: addresses of the true pictures where they are others than the images, null where nobody knows
    them, and nothing at all where the images are the truth."""
    if unscored:
        return {"truths": None}
    truths = read_truths(list_path)
    own = truths == [pair.image for pair in read_list(list_path, validate=False)]
    return {} if own else {"truths": addresses(truths, page_folder)}


def _readings(columns) -> list[dict]:
    """What a metric can be measured on, composites before raw predictions and the whole image before its parts."""
    order = {name: number for number, name in enumerate((*PREDICTIONS, *REGIONS))}
    found = sorted({key[:2] for key in columns}, key=lambda key: [order.get(name, len(order)) for name in key])
    return [
        {"name": f"{prediction}/{region}", "title": f"{prediction}, {REGIONS.get(region, region)}"}
        for prediction, region in found
    ]


def gallery_page(settings: dict, data: str) -> str:
    """The text of `index.html`; `data` is that of `data.js`, whose digest keeps a browser from showing an older one."""
    here = Path(__file__)
    environment = Environment(
        loader=FileSystemLoader(here.parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    parts = {kind: Markup(here.with_suffix(f".{kind}").read_text(encoding="utf-8")) for kind in ("css", "js")}
    template = environment.get_template("gallery.html")
    return template.render(
        title=settings["title"], demonstration=settings["demonstration"], data=f"{DATA_FILE}?{digest(data)}", **parts
    )
