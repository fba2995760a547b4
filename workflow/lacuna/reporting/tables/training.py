"""Each trained system against its own initialisation."""

from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import Cell, DisplayTable, sentences
from lacuna.reporting.titles import READINGS, reading_of, titles


def rows(run):
    """`aggregation.training` of the trainings, with N of the validation lists."""
    from lacuna.data.lists import read_list
    from lacuna.reporting.aggregation import training

    lists = {source: run.files_of("validation_lists", name)[0] for source, name in run.settings["validation_sets"]}
    numbers = {source: len(read_list(path, validate=False)) for source, path in lists.items()}
    return training(run.files("validation"), numbers)


def shown(run, _="") -> list[DisplayTable]:
    """One table; none where nothing is trained."""
    training = run.table("training")
    return [initialisation_table(training, run.settings)] if len(training) else []


def initialisation_table(training, settings: dict) -> DisplayTable:
    """Each trained system before its first step and after its last one, from a non-empty `aggregation.training`."""
    systems, sources = titles(settings["systems"]), titles(settings["sources"])
    groups, behind = [], []
    for (system, source), found in training.groupby(["system", "source"], sort=False):
        lines = []
        for row in found.itertuples():
            metric, reading = reading_of(row.metric)
            number = f".{metric.decimals}f"
            same = f"{row.initial:{number}}" == f"{row.final:{number}}"
            verdict = "same" if same else row.better
            texts = (f"{row.initial:{number}}", f"{row.final:{number}}", f"{row.difference:+{number}}", verdict)
            lines.append((f"{metric.label} {reading}", tuple(Cell(text, text == "yes") for text in texts)))
            if reading == READINGS[""] and row.better != "yes":
                behind.append(f"{systems[system]} trained on {sources[source]} ({metric.title})")
        facts = f"{found['steps'].iloc[0]} steps, N = {found['n'].iloc[0]}"
        groups.append((f"{systems[system]}, {sources[source]} ({facts})", tuple(lines)))
    verdict = (
        f"On composites, these do not beat their own initialisation: {'; '.join(behind)}."
        if behind
        else "On composites, every trained system beats its own initialisation in every metric."
    )
    return DisplayTable(
        title="Trained against its own initialisation",
        caption=sentences(TABLE.text(), verdict, "↑ higher is better, ↓ lower is better."),
        head=("System, source", "Metric", "Initialisation", "Trained", "Difference", "Better"),
        groups=tuple(groups),
    )


TABLE = Table(
    title="initialisation against trained",
    section="training",
    place=10,
    caption="Means over the N validation images of the source, of composites and raw predictions, on the region that "
    "each line names: the same network before the first training step and after the last one.",
    columns={
        "metric": "psnr and l1: of composites on the whole image; ending in _raw: of raw predictions on the whole "
        "image, in _hole: inside the hole, in _valid: outside it; PSNR is better when higher, L1 when lower",
        "n": "that N",
    },
    demonstration="",
    inputs=("training",),
    rows=rows,
    shown=shown,
)
