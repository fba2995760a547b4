"""What authors and re-implementers published of systems of a run, beside ours on the test sets of the same data."""

from lacuna.metrics.per_image import metric_by_name
from lacuna.places import PUBLISHED_DATA
from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import DisplayTable, beside_cells, numbers_of, sentences
from lacuna.reporting.titles import REGIONS, titles

ALL = "all"  # in the place of a bin: holes of any size


def rows(run):
    """`published.beside` of the systems and of the test sets that the config's `published` names."""
    from lacuna.reporting.aggregation import by_coverage, quantitative
    from lacuna.reporting.published import beside, read_published

    published = read_published(run.files("other_results")[0], "results")
    return beside(published, quantitative(run.scores), by_coverage(run.scores), run.settings["published"])


def shown(run, _="") -> list[DisplayTable]:
    """One table; none where nothing was published of a system of the run."""
    table = run.table("other_results")
    return [shown_beside(table, run.settings)] if len(table) else []


def shown_beside(table, settings: dict) -> DisplayTable:
    """The table of a non-empty `published.beside`: a group for each origin and each of our sources and test sets."""
    systems, sources, sets = (titles(settings[name]) for name in ("systems", "sources", "test_sets"))
    groups = []
    keys = ["origin", "data", "size", "source", "test_set"]
    for (origin, data, size, source, test_set), found in table.groupby(keys, sort=False):
        lines = []
        for row in found.itertuples():
            hole = "all holes" if row.bin == ALL else f"holes {row.bin}"
            what = f"{systems[row.system]}, {metric_by_name(row.metric).label}, {REGIONS[row.region]}, {hole}"
            lines.append((what, beside_cells(row)))
        ours = f"{sources.get(source, source)} → {sets[test_set]} (N = {numbers_of(found['ours_n'])})"
        head = f"{origin}: {PUBLISHED_DATA.get(data, data)}, {size} pixels; {found['differs'].iloc[0]}. Ours: {ours}"
        groups.append((head, tuple(lines)))
    return DisplayTable(
        title="Published by authors and re-implementers, beside ours",
        caption=sentences(TABLE.text(), "N of ours as each group says. ↑ higher is better, ↓ lower is better."),
        head=("Where, and what differs", "System, metric", "Published", "Ours", "Difference"),
        groups=tuple(groups),
    )


TABLE = Table(
    title="beside what others published",
    section="published",
    place=60,
    caption="Published: means of composites in READMEs of authors and re-implementers, hole only or whole image as "
    "each line says. Ours: means of composites on the test set of the same data, in the same bin of coverage. "
    "Photographs, masks, sizes and budgets differ, as each group says, so a difference (ours − published) is not a "
    "verdict.",
    columns={
        "bin": "coverage of the holes; all: of any size",
        "published_n, ours_n": "number N of images behind each mean; empty where it is not published",
        "differs": "what is known to differ from our protocol",
    },
    inputs=("scores", "other_results"),
    config=("published",),
    applies=lambda plan: bool(plan.config.get("published")),
    rows=rows,
    shown=shown,
    unfolded=0,
)
