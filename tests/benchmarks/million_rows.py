"""What the statistics of a million rows cost: `python -m tests.benchmarks.million_rows [ROWS]`.

Made-up rows of 20 systems trained on 4 sources, 3 times each, scored on 12 test sets by 4 metrics in 3 readings with
the masks of 2 families; as many images as make the rows. Timed is what a run derives from its files of scores: reading,
then each table of statistics, in seconds of processor time: one process, on one core where OMP_NUM_THREADS is 1.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from lacuna.files import write_rows
from lacuna.memory import peak_memory_of_process
from lacuna.reporting.descriptions import tables
from lacuna.reporting.run import Run

SYSTEMS, SOURCES, SETS, REPEATS, FAMILIES = 20, 4, 12, 3, ["boxes", "strokes"]
METRICS = ["psnr", "l1", "ssim", "lpips_alex"]
READINGS = [("composite", "image"), ("composite", "hole"), ("raw", "image")]
TABLES = [
    "quantitative",
    "by_coverage",
    "leaderboard",
    "statistics_pairs",
    "statistics_ranks",
    "cross",
    "axes",
    "variance",
]


def make_rows(folder: Path, rows: int) -> Run:
    """Files of about so many rows below the folder, one a system and source, and the run that reads them."""
    each = SYSTEMS * SOURCES * REPEATS * len(FAMILIES) * len(READINGS) * len(METRICS)
    images = max(1, round(rows / each / SETS))
    origins = [{"file": f"{n:04d}.png", "origin_sha256": f"{n // 2}"} for n in range(images)]
    for place in range(SETS):
        (folder / f"images/set{place:02d}").mkdir(parents=True)
        named = [row | {"origin_sha256": f"{place}-{row['origin_sha256']}"} for row in origins]
        write_rows(folder / f"images/set{place:02d}/index.csv", named, ["file", "origin_sha256"])
    random = np.random.default_rng(7)
    index = pd.MultiIndex.from_product(
        [
            range(1, REPEATS + 1),
            range(len(FAMILIES)),
            range(SETS),
            range(images),
            range(len(READINGS)),
            range(len(METRICS)),
        ]
    )
    repeat, family, test_set, image, reading, metric = (index.get_level_values(level).to_numpy() for level in range(6))
    of_photograph = random.normal(0, 0.1, (SETS, images // 2 + 1))[test_set, image // 2]
    files = []
    for system in range(SYSTEMS):
        for source in range(SOURCES):
            values = 0.5 + of_photograph + random.normal(0, 0.02, REPEATS)[repeat - 1]
            values = values + 0.01 * system + random.normal(0, 0.05, len(index))
            table = pd.DataFrame(
                {
                    "source": f"source{source}",
                    "test_set": [f"set{n:02d}" for n in test_set],
                    "system": f"system{system:02d}",
                    "image": [
                        f"{folder}/images/set{of:02d}/{n:04d}.png" for of, n in zip(test_set, image, strict=True)
                    ],
                    "mask": [f"{folder}/masks/{FAMILIES[of]}/{n:04d}.png" for of, n in zip(family, image, strict=True)],
                    "coverage": 0.05 + 0.5 * (image % 7) / 7,
                    "prediction": [READINGS[of][0] for of in reading],
                    "region": [READINGS[of][1] for of in reading],
                    "metric": [METRICS[of] for of in metric],
                    "value": values,
                    "test_masks": [FAMILIES[of] for of in family],
                    "repeat": repeat,
                }
            )
            files.append(folder / f"system{system:02d}_source{source}.parquet")
            table.to_parquet(files[-1])
    settings = {
        "title": "Many rows",
        "demonstration": False,
        "systems": [[f"system{n:02d}"] * 2 for n in range(SYSTEMS)],
        "sources": [[f"source{n}"] * 2 for n in range(SOURCES)],
        "test_sets": [[f"set{n:02d}"] * 2 for n in range(SETS)],
        "metrics": METRICS,
        "made": dict.fromkeys(TABLES, [""]),
        "axes": {"test_masks": FAMILIES, "repeats": REPEATS, "samples": 1},
        "selection": {"test_masks": "boxes"},
    }
    return Run(settings, {"scores": [str(path) for path in files]})


def timed(run: Run) -> Iterator[tuple[str, float]]:
    """What is done, and the seconds of processor time that it takes."""
    steps = {"read": lambda: run.cells, "select": lambda: run.scores}
    steps |= {name: lambda name=name: run.table(name) for name in TABLES}
    steps |= {"printed": lambda: [tables()[name].shown(run, "") for name in TABLES if tables()[name].shown]}
    for name, step in steps.items():
        start = time.process_time()
        step()
        yield name, time.process_time() - start


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        run = make_rows(Path(folder), number)
        found = []
        for name, seconds in timed(run):
            found.append(seconds)
            print(f"{name:20} {seconds:6.1f} s", flush=True)
        rows = len(run.cells)
    peak = peak_memory_of_process() / 2**30
    print(f"{rows} rows: {sum(found):.1f} s, at most {peak:.2f} GiB")


if __name__ == "__main__":
    main()
