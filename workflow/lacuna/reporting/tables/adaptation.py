"""What adapting to each picture improves, at every evaluated step."""

from lacuna.reporting.adaptation.display import (
    COMPOSITES,
    CONFIG,
    IMPROVES,
    is_adapting,
    job_title,
    jobs_in_order,
    metric_of,
    metrics_in,
    percent_text,
    rows_of_job,
    verdict,
)
from lacuna.reporting.adaptation.experiments import in_order, title_of
from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import Cell, DisplayTable, is_missing, numbers_of, sentences
from lacuna.reporting.titles import REGIONS, titles_of_sets


def rows(run):
    """`improvement.improvements` of the run."""
    return run.adaptation


def shown(run, _="") -> list[DisplayTable]:
    """The last step: one table for the hole, one for the whole image."""
    from lacuna.reporting.adaptation.rows import JOB

    table, left_out = run.table("adaptation"), passed_over(run.table("adaptation_cost"), run.settings)
    last = table[table["step"] == table.groupby(JOB)["step"].transform("max")]
    regions = [region for region in ("hole", "image") if region in set(last["region"])]
    return [shown_region(last, run.settings, region, left_out) for region in regions]


def passed_over(costs, settings: dict) -> str:
    """A sentence on the pictures that were passed over, from `adaptation_cost.costs`; empty where there are none."""
    named: dict[tuple[str, str], list[str]] = {}
    for row in costs[costs["passed_over"] > 0].itertuples():
        named.setdefault((row.test_set, row.passed_over_images), []).append(title_of(row.experiment))
    said = [
        f"{', '.join(images.split())} of {titles_of_sets(settings).get(test_set, test_set)} "
        f"({', '.join(dict.fromkeys(experiments))})"
        for (test_set, images), experiments in named.items()
    ]
    if not said:
        return ""
    return (
        "Not counted in N, because their holes leave no room for the masks or too little of them is known: "
        f"{'; '.join(said)}. Among the contestants the network as it was completes them."
    )


def shown_region(last, settings: dict, region: str, left_out: str = "") -> DisplayTable:
    """Improvements after the last step in one region, from the last steps of `improvement.improvements`.

    left_out: what the caption says of pictures that were passed over.
    """
    here = last[last["region"] == region]
    metrics, groups, better, worse = metrics_in(here, settings), [], 0, 0
    for key in jobs_in_order(here, settings):
        mine = rows_of_job(here, key)
        lines = []
        for experiment in in_order(mine["experiment"], settings):
            of = {row.metric: row for row in mine[mine["experiment"] == experiment].itertuples()}
            cells, steps = [], max(row.step for row in of.values())
            for name in metrics:
                row = of.get(name)
                if row is None:
                    cells.append(Cell("–"))
                    continue
                said = verdict(row.ci_low, row.ci_high)
                better += said == IMPROVES
                worse += not is_missing(row.ci_high) and row.ci_high < 0
                mean = f"{row.mean:.{metric_of(name).decimals}f}"
                cells.append(
                    Cell(f"{mean}, {percent_text(row.improvement_percent, row.ci_low, row.ci_high)}", said == IMPROVES)
                )
            lines.append((f"{title_of(experiment)} ({steps} steps)", tuple(cells)))
        groups.append((f"{job_title(key, settings)} ({numbers_of(mine['n'])})", tuple(lines)))
    number = int(here["improvement_percent"].notna().sum())
    return DisplayTable(
        title=f"After the last step: {REGIONS[region]}",
        caption=sentences(
            f"Of {number} improvements {better} are above 0 with their whole interval (bold), {worse} below.",
            "No improvement can be told from chance here." * (better == 0),
            TABLE.text(n=f"N in brackets, {numbers_of(here['n'])}"),
            left_out,
            f"Shown: {REGIONS[region]}. The score after the last step, then its improvement over step 0; [–]: one "
            "photograph allows no interval.",
        ),
        head=(
            "System → test set (N)",
            "Experiment",
            *(f"{metric_of(name).title} {metric_of(name).arrow}" for name in metrics),
        ),
        groups=tuple(groups),
    )


TABLE = Table(
    title="test-time training",
    section="adaptation",
    place=10,
    caption="Adapting a copy of the network to each picture, by experiment, over {n} pictures: scores of "
    f"{COMPOSITES}, on the whole image and in the hole. Improvement: ratio of means, positive where adapting is "
    "better, with a 95 % interval (bootstrap over photographs; for scores of whole sets, and their last step alone, "
    "jackknife over groups of photographs). They are not corrected for "
    "their number. FID is biased for few pictures, by an amount that dilutes percentages: "
    "read KID beside it, and compare no values of different N.",
    columns={
        "step": "steps of training on the picture; 0 is the network as it was",
        "metric, region": "scores of composites on the whole image or in the hole",
        "improvement_percent": "100 · (old − new) / old where lower is better, 100 · (new − old) / old where higher "
        "is, of means over the n pictures; empty where the old KID is not above 0",
        "ci_low, ci_high": "95 % interval of the improvement",
    },
    inputs=("adaptation_rows", "adaptation_features"),
    config=CONFIG,
    applies=is_adapting,
    rows=rows,
    shown=shown,
)
