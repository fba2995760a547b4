"""Published means beside ours."""

from itertools import product

from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import DisplayTable, beside_cells, numbers_of, sentences
from lacuna.reporting.titles import PREDICTIONS, titles


def rows(run):
    """`published.compare` of the systems."""
    from lacuna.reporting.aggregation import quantitative
    from lacuna.reporting.published import compare, read_published

    return compare(read_published(run.files("published_means")[0], "means"), quantitative(run.scores))


def shown(run, _="") -> list[DisplayTable]:
    """One table; none where no published mean is of a system, source and test set of the run."""
    comparison = run.table("published_comparison")
    return [published_table(comparison, run.settings)] if len(comparison) else []


def published_table(comparison, settings: dict) -> DisplayTable:
    """Published means beside ours, from a non-empty `published.compare`."""
    systems, sources, sets = (titles(settings[name]) for name in ("systems", "sources", "test_sets"))
    groups = []
    for source, test_set in product(sources, sets):
        found = comparison[(comparison["source"] == source) & (comparison["test_set"] == test_set)]
        if found.empty:
            continue
        lines = []
        for row in found.itertuples():
            lines.append((f"{systems[row.system]}, {metric_by_name(row.metric).label}", beside_cells(row)))
        numbers = f"N = {numbers_of(found['published_n'])} published, {numbers_of(found['ours_n'])} ours"
        groups.append((f"{sources[source]} → {sets[test_set]} ({numbers})", tuple(lines)))
    return DisplayTable(
        title="Published means beside ours",
        caption=sentences(TABLE.text(), "N as each group says. ↑ higher is better, ↓ lower is better."),
        head=("Trained on → test set", "System, metric", "Published", "Ours", "Difference"),
        groups=tuple(groups),
    )


TABLE = Table(
    title="beside the published means",
    section="published",
    caption="Published: a student's comparison, tables 1 and 2: 300 images of 256×256 for each test set, about two "
    "hours of training on one Colab GPU, whole image as each authors' test script saved it, which need not be raw or "
    f"composite alike; its LPIPS is read as that of AlexNet. Ours: {PREDICTIONS['composite']}, whole image, all paired "
    "and scored by the same code. Photographs, masks, budgets and image sizes differ, so a difference (ours − "
    "published) is not a verdict on a system.",
    columns={"published_n, ours_n": "number N of images behind each mean"},
    inputs=("scores", "published"),
    rows=rows,
    shown=shown,
    unfolded=0,
)
