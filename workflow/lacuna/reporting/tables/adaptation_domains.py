"""Does adaptation bridge domains? Two training sources on the same pictures, adapted and as they were."""

from lacuna.reporting.adaptation.display import COMPOSITES, CONFIG, chosen_words, is_adapting, metric_of
from lacuna.reporting.adaptation.experiments import reported, settled, title_of
from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import Cell, DisplayTable, numbers_of, sentences, with_interval
from lacuna.reporting.titles import REGIONS, titles

REGION = "hole"


def rows(run):
    """`domains.domains` of the run's test sets, without pictures that experiments were only chosen on."""
    from lacuna.reporting.adaptation.domains import domains

    return domains(reported(run.adaptation_rows, run.settings))


def shown(run, _="") -> list[DisplayTable]:
    """One table, of the first metric in the hole and the experiment that was settled on; none of one source."""
    table = run.table("adaptation_domains")
    here = table[(table["metric"] == run.metrics[0]) & (table["region"] == REGION)]
    chosen = settled(run.table("adaptation"), run.settings, metric_of(run.metrics[0]))
    by_system: dict[str, set] = {}
    for (system, _source), (experiment, _how) in chosen.items():
        by_system.setdefault(system, set()).add(experiment)
    kept = [row.Index for row in here.itertuples() if row.experiment in by_system.get(row.system, ())]
    return [domains_table(here.loc[kept], run.settings, chosen_words(chosen))] if kept else []


def domains_table(table, settings: dict, chosen: str) -> DisplayTable:
    """A line a test set, from `domains.domains` of one metric in one region; `chosen`: how its experiments were."""
    from lacuna.reporting.adaptation.domains import POOLED

    metric, sources, sets = (
        metric_of(table["metric"].iloc[0]),
        titles(settings["sources"]),
        titles(settings["test_sets"]),
    )
    number, systems, groups = f".{metric.decimals}f", titles(settings["systems"]), []
    order = {name: place for place, name in enumerate([*sets, POOLED])}
    for (system, experiment), mine in table.groupby(["system", "experiment"], sort=False):
        lines = []
        for row in sorted(mine.itertuples(), key=lambda row: order.get(row.test_set, len(order))):
            near, far = (sources.get(name, "") for name in (row.near, row.far))
            pairs = [
                f"{near} {row.near_before:{number}} → {row.near_after:{number}}".strip(),
                f"{far} {row.far_before:{number}} → {row.far_after:{number}}".strip(),
            ]
            cells = [Cell(text) for text in pairs]
            cells += [
                Cell(with_interval(value, low, high, f"+{number}"), best)
                for value, low, high, best in (
                    (row.gap_before, row.gap_before_low, row.gap_before_high, False),
                    (row.closed, row.closed_low, row.closed_high, row.closed_low > 0),
                    (row.still_behind, row.still_behind_low, row.still_behind_high, False),
                )
            ]
            lines.append((f"{sets.get(row.test_set, row.test_set)} ({row.n})", tuple(cells)))
        groups.append((f"{systems.get(system, system)}, {title_of(experiment)}", tuple(lines)))
    return DisplayTable(
        title=f"Does adaptation bridge domains? {metric.title}, {REGIONS[table['region'].iloc[0]]}",
        caption=sentences(
            answer(table, metric, systems),
            TABLE.text(n=f"N in brackets, {numbers_of(table['n'])}"),
            f"Experiment: {chosen}. Before → after adapting; {metric.arrow} {metric.direction} is better.",
        ),
        head=(
            "System, experiment",
            "Test set (N)",
            "Near source",
            "Far source",
            "Gap before",
            "Closed",
            "Still behind",
        ),
        groups=tuple(groups),
    )


def answer(table, metric, systems: dict[str, str]) -> str:
    """What the numbers say, in one sentence, from `domains.domains` of one metric in one region."""
    from lacuna.reporting.adaptation.domains import POOLED

    pooled = table[table["test_set"] == POOLED]
    each, found = table[table["test_set"] != POOLED], []
    for row in (pooled if len(pooled) else each).itertuples():
        form = f"+.{metric.decimals}f"
        interval = with_interval(row.closed, row.closed_low, row.closed_high, form)
        if not row.gap_before_low > 0:
            said = "no gap between the sources that chance would not explain, so there is nothing to bridge"
        elif row.closed_low > 0:
            share = f"{row.closed_percent:.0f} % of" if row.closed_percent <= 100 else "more than"
            said = f"adapting closes {share} the gap between the sources ({interval})"
        elif row.closed_high < 0:
            said = f"adapting widens the gap between the sources ({interval})"
        else:
            said = f"adapting does not close the gap between the sources beyond chance ({interval})"
        number = f".{metric.decimals}f"
        moved = f"near {row.near_before:{number}} → {row.near_after:{number}}"
        moved += f", far {row.far_before:{number}} → {row.far_after:{number}}"
        of = f"{title_of(row.experiment)} of {systems.get(row.system, row.system)} on {row.test_set}"
        found.append(f"{of}: {said}; {moved}")
    return f"By {metric.title}{f' ({metric.unit})' * bool(metric.unit)}, {'; '.join(found)}."


TABLE = Table(
    title="does adaptation bridge domains",
    section="adaptation",
    place=40,
    caption="Networks of two training sources on the same {n} pictures of each test set, adapted and as they were, "
    f"paired by picture: {COMPOSITES}, on the whole image and in the hole. Near is the source whose network does "
    "better there "
    "before adapting, which chance may decide where the gap is small. Gap: near over far; closed: the gap before less "
    "the gap after both were adapted (bold: above 0 with the whole interval); still behind: the near network as it was "
    "over the far one adapted. All with 95 % intervals (bootstrap over photographs).",
    columns={
        "near, far": "training sources; empty on all test sets together, where each test set keeps its own",
        "near_before … far_after": "means over the n pictures, of composites, by metric and region",
        "gap_before, gap_after, closed, still_behind": "in the metric's unit, positive where near is better, with "
        "intervals _low to _high",
        "closed_percent": "closed, in percent of gap_before",
    },
    inputs=("adaptation_rows", "adaptation_features"),
    config=CONFIG,
    applies=is_adapting,
    rows=rows,
    shown=shown,
    nothing="No system was adapted from two training sources, so there is no gap between domains to bridge.",
)
