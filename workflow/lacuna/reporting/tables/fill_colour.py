"""The colour of what systems fill in, by what they were trained on."""

from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import Cell, DisplayTable, numbers_of
from lacuna.reporting.titles import label_of, titles


def rows(run):
    """`analyses.fill_colours` of the systems."""
    from lacuna.reporting.analyses import fill_colours

    lists = {test_set: run.files_of("lists", test_set)[0] for test_set in run.test_sets}
    return fill_colours(lists, run.files("predictions"))


def shown(run, _="") -> list[DisplayTable]:
    """One table, a group for each test set."""
    table, settings = run.table("fill_colour"), run.settings
    systems, sources, sets = (titles(settings[name]) for name in ("systems", "sources", "test_sets"))
    groups = []
    for test_set, title in sets.items():
        found = table[table["test_set"] == test_set]
        lines = []
        for row in found.itertuples():
            fill, truth = (
                " ".join(f"{100 * getattr(row, prefix + name):.1f}" for name in ("red", "green", "blue"))
                for prefix in ("", "true_")
            )
            warmer = f"{100 * row.warmer:+.1f} ± {100 * row.warmer_se:.1f}"
            lines.append((label_of(systems[row.system], row.source, sources), tuple(map(Cell, (fill, truth, warmer)))))
        groups.append((f"{title} (N = {numbers_of(found['n'])})", tuple(lines)))
    head = ("Test set", "System", "Fill: red green blue, %", "Truth: red green blue, %", "Warmer by")
    return [DisplayTable(title="Colour of fills", caption=TABLE.text(n="N"), head=head, groups=tuple(groups))]


TABLE = Table(
    title="colour of fills",
    section="sources",
    place=70,
    caption="Mean colour of raw predictions inside the hole, and of the truth there, in percent of white; means over "
    "{n} images. Warmer: red − blue of the fill less that of the truth, with the standard error of the mean. Positive "
    "is more skin-coloured than the truth, negative bluer.",
    columns={"warmer": "red − blue of the fill less that of the truth", "warmer_se": "its standard error over images"},
    inputs=("predictions",),
    config=("analyses",),
    applies=lambda plan: "fill_colour" in (plan.config.get("analyses") or ()),
    rows=rows,
    shown=shown,
)
