"""Training curves: every named loss and every validation metric against the step, one row a system."""

import itertools
from collections.abc import Sequence
from pathlib import Path

from lacuna.errors import LacunaError
from lacuna.reporting.descriptions import Figure
from lacuna.reporting.titles import READINGS, check_known, reading_of, titles

DASHES = ("-", (0, (4, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))


def _read(paths: Sequence[str | Path], settings: dict, what: str):
    """Long form: system, source (titles), step, name, value."""
    import pandas as pd

    from lacuna.reporting.aggregation import read_curve, system_and_source

    systems, sources = titles(settings["systems"]), titles(settings["sources"])
    tables = []
    for path in sorted(map(str, paths)):
        system, source = system_and_source(path)
        check_known([system], systems, "system")
        check_known([source], sources, "source")
        long = read_curve(path).melt("step", var_name="name").dropna(subset="value")  # a loss that rested
        tables.append(long.assign(system=systems[system], source=sources[source]))
    if not tables:
        raise LacunaError(f"there are no {what} files to draw; run the rule 'train' for at least one system")
    return pd.concat(tables, ignore_index=True)


def _smoothed(losses, points: int = 60):
    """Mean over windows of equal length, so that a curve of many steps shows its trend and not its noise."""
    window = max(1, (losses["step"].max() - losses["step"].min() + 1) // points)
    middle = losses["step"] // window * window + window // 2
    return losses.assign(step=middle).groupby(["source", "name", "step"], sort=False)["value"].mean().reset_index()


def draw_curves(
    settings: dict, losses: Sequence[str | Path], validation: Sequence[str | Path], output: str | Path
) -> None:
    """Write the curves as PNG. The files lie in `training/<system>/<source>/`; `settings` gives the titles.

    Colour tells the loss term, or what a validation metric was read on; dashes tell the source.
    """
    from lacuna.reporting.style import written_to

    loss_rows, score_rows = _read(losses, settings, "losses"), _read(validation, settings, "validation")
    readings = {name: reading_of(name) for name in score_rows["name"].unique()}
    labels = list(dict.fromkeys(metric.label for metric, _ in readings.values()))
    score_rows["label"] = score_rows["name"].map(lambda name: readings[name][0].label)
    score_rows["name"] = score_rows["name"].map(lambda name: readings[name][1])
    systems = [title for title in titles(settings["systems"]).values() if title in set(loss_rows["system"])]
    sources = [title for title in titles(settings["sources"]).values() if title in set(loss_rows["source"])]
    size = (5.0 + 4.0 * len(labels), 3.4 * len(systems) + 0.9)
    shape = {"nrows": len(systems), "ncols": 1 + len(labels), "figsize": size, "squeeze": False}
    with written_to(output, **shape, layout="constrained") as (_, axes):
        for row, system in zip(axes, systems, strict=True):
            mine = _smoothed(loss_rows[loss_rows["system"] == system])
            _draw(row[0], mine, sources, list(dict.fromkeys(mine["name"])))
            # terms differ by orders of magnitude; a logarithm needs them positive
            positive = bool((mine["value"] > 0).all())
            row[0].set_yscale("log") if positive else row[0].set_yscale("symlog", linthresh=0.01)
            scale = "log" if positive else "symmetric log"
            row[0].set(ylabel=f"loss terms ({scale} scale)", title=f"{system}: training losses")
            for axis, label in zip(row[1:], labels, strict=True):
                read = score_rows[(score_rows["system"] == system) & (score_rows["label"] == label)]
                _draw(axis, read, sources, list(READINGS.values()), marker=".")
                axis.set(ylabel=label, title=f"{system}: validation")


def _draw(axis, rows, sources: list[str], colored: list[str], marker: str | None = None) -> None:
    """One panel of `rows` with step, value, name (colour by its place in `colored`) and source (dashes)."""
    import seaborn as sns
    from matplotlib.lines import Line2D

    from lacuna.reporting.style import PALETTE

    names = [name for name in colored if name in set(rows["name"])]
    looks = [PALETTE[colored.index(name) % len(PALETTE)] for name in names]
    dashed = list(zip(sources, itertools.cycle(DASHES)))
    for name, color in zip(names, looks, strict=True):
        for source, dashes in dashed:
            curve = rows[(rows["name"] == name) & (rows["source"] == source)]
            look = {"color": color, "linestyle": dashes, "marker": marker or ("." if len(curve) == 1 else None)}
            sns.lineplot(curve, x="step", y="value", ax=axis, legend=False, **look)
    keys = [Line2D([], [], color=color, label=name) for name, color in zip(names, looks, strict=True)]
    keys += [Line2D([], [], color="#333333", linestyle=dashes, label=f"trained on {name}") for name, dashes in dashed]
    axis.set_xlabel("training step")
    axis.legend(handles=keys, fontsize=8, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.17))


def draw(run, path, _="") -> None:
    """The figure of the run; see `draw_curves`."""
    draw_curves(run.settings, run.files("losses"), run.files("validation"), path)


def facts(run, _="") -> dict[str, str]:
    """N of the validation images, by source."""
    return {"n": "N = " + ", ".join(f"{run.validation_n(source)} ({title})" for source, title in run.sources.items())}


FIGURE = Figure(
    title="training curves",
    section="training",
    place=20,
    caption="Left: every named loss term against the training step, averaged over the steps of short windows in which "
    "it was computed. Right: metrics on the "
    "validation images, {n}, composite and raw, on the regions that the legend names (whole image, hole only, outside "
    "the hole); step 0 is the untrained initialisation. Colour tells the term or the reading, dashes the source. ↑ "
    "higher is better, ↓ lower is better.",
    alt="Line plots of losses and validation metrics by step.",
    demonstration="",
    inputs=("training",),
    applies=lambda plan: bool(plan.trainings()),
    draw=draw,
    facts=facts,
)
