"""Keep or discard: how often the automatic choice was right, and what it gains beside always, never and the best."""

from lacuna.reporting.adaptation.display import (
    COMPOSITES,
    CONFIG,
    is_adapting,
    job_title,
    jobs_in_order,
    metric_of,
    percent_format,
    rows_of_job,
)
from lacuna.reporting.adaptation.experiments import in_order, title_of
from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import Cell, DisplayTable, interval_text, is_missing, numbers_of, sentences
from lacuna.reporting.titles import REGIONS

REGION = "hole"


def rows(run):
    """`choice.choice` of the run."""
    from lacuna.reporting.adaptation.choice import choice
    from lacuna.reporting.adaptation.rows import read_choices

    return choice(read_choices(run.files("adaptation_choices")))


def shown(run, _="") -> list[DisplayTable]:
    """One table, of the first metric in the hole."""
    table = run.table("adaptation_choice")
    here = table[(table["metric"] == run.metrics[0]) & (table["region"] == REGION)]
    return [choice_table(here, run.settings)] if len(here) else []


def choice_table(table, settings: dict) -> DisplayTable:
    """A line an experiment, from `choice.choice` of one metric in one region."""
    metric, region = metric_of(table["metric"].iloc[0]), table["region"].iloc[0]
    groups, of_chosen = [], table[table["policy"] == "chosen"]
    for key in jobs_in_order(table, settings):
        mine = rows_of_job(table, key)
        lines = []
        for experiment in in_order(mine["experiment"], settings):
            of = {row.policy: row for row in mine[mine["experiment"] == experiment].itertuples()}
            chosen = of["chosen"]
            right = f"{chosen.right_percent:.0f} % {interval_text(chosen.right_low, chosen.right_high, '.0f')}"
            cells = [Cell(f"{chosen.kept_percent:.0f} %"), Cell(right)]
            cells += [_gain(of[policy], metric) for policy in ("always", "chosen", "oracle")]
            lines.append((title_of(experiment), tuple(cells)))
        groups.append((f"{job_title(key, settings)} ({numbers_of(mine['n'])})", tuple(lines)))
    gained = int((of_chosen["ci_low"] > 0).sum())
    lost = int((of_chosen["ci_high"] < 0).sum())
    return DisplayTable(
        title=f"Keep or discard: {metric.title}, {REGIONS[region]}",
        caption=sentences(
            f"The choice gains over never adapting, with its whole interval, in {gained} of {len(of_chosen)} lines, "
            f"and loses in {lost}.",
            TABLE.text(n=f"N in brackets, {numbers_of(table['n'])}"),
            f"Shown: {REGIONS[region]}. Gains in {metric.unit or 'the unit of ' + metric.title} with their improvement "
            "in percent; never adapting gains 0. Bold: above 0 with the whole interval.",
        ),
        head=(
            "System → test set (N)",
            "Experiment",
            "Kept",
            "Right",
            "Gain of always",
            "of the choice",
            "of the oracle",
        ),
        groups=tuple(groups),
    )


def _gain(row, metric) -> Cell:
    form, value = f"+.{metric.decimals}f", row.improvement_percent
    percent = "" if is_missing(value) else f" ({value:+{percent_format(value)}} %)"
    text = f"{row.gain:{form}}{percent} {interval_text(row.ci_low, row.ci_high, form)}"
    return Cell(text, row.policy != "oracle" and row.ci_low > 0)


TABLE = Table(
    title="keep or discard",
    section="adaptation",
    place=30,
    caption="A part of what is known is held out of training; the step that completes it best is taken, and the "
    "adaptation is discarded where that is step 0. What this is worth against the true hole, over {n} pictures, of "
    f"{COMPOSITES}, on the whole image and in the hole, beside always taking the last step, never adapting, and an "
    "oracle that knows the best step of every picture and cannot lose. Right: kept and better than before, or "
    "discarded where the last step is not. 95 % intervals (bootstrap over photographs).",
    columns={
        "policy": "always, never, chosen or oracle",
        "gain": "mean over pictures of the gain over never adapting, in the metric's unit, positive where better, with "
        "the interval ci_low to ci_high; improvement_percent is the ratio of means. Of composites, by region",
        "right_percent, right_low, right_high": "how often the choice was right by this metric in this region",
        "kept_percent": "how often the adapted network was kept",
    },
    inputs=("adaptation_choices",),
    config=CONFIG,
    applies=lambda plan: is_adapting(plan) and plan.adaptation.get("choice", True),
    rows=rows,
    shown=shown,
)
