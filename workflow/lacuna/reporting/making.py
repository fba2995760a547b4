"""Tables and figures as files, from their descriptions."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from lacuna.files import atomic
from lacuna.reporting import rendering
from lacuna.reporting.axis_words import about
from lacuna.reporting.descriptions import Table, figures, tables
from lacuna.reporting.display import DisplayTable, sentences
from lacuna.reporting.run import Run

PRINTED = {
    ".html": rendering.to_html_page,
    ".md": lambda shown, _: rendering.to_markdown(shown),
    ".tex": lambda shown, _: rendering.to_latex(shown),
}


def displayed(table: Table, run: Run, value: str = "") -> list[DisplayTable]:
    """What a description shows, with the words of a demonstration before each caption, and those on axes behind it."""
    assert table.shown, f"the description of the table '{table.name}' shows nothing"
    first = table.demonstration if run.demonstration else ""
    last = about(table.cells, run.settings)
    return [replace(each, caption=sentences(first, each.caption, last)) for each in table.shown(run, value)]


def make_tables(names: dict[str, Iterable[str]], run: Run, folder: Path) -> list[Path]:
    """Write the tables of these names, each for its values, below the folder of the run; returns the files."""
    from lacuna.reporting.aggregation import write_table

    written = []
    for name, values in names.items():
        table = tables()[name]
        for value in values:
            shown = displayed(table, run, value) if set(table.formats) - {"csv"} else []
            for path in (folder / file for file in table.files(value)):
                if path.suffix == ".csv":
                    write_table(path, run.table(name))
                else:
                    heading = run.sources.get(value, "no source") if value else name
                    text = PRINTED[path.suffix](shown, f"{run.settings['title']}: {heading}")
                    with atomic(path) as partial:
                        partial.write_text(text, encoding="utf-8")
                written.append(path)
    return written


def make_figures(names: dict[str, Iterable[str]], run: Run, folder: Path) -> list[Path]:
    """Write the figures of these names, each for its values, below the folder of the run; returns the files."""
    written = []
    for name, values in names.items():
        figure = figures()[name]
        assert figure.draw, f"another rule makes the figure '{name}'"
        for value in values:
            figure.draw(run, folder / figure.file(value), value)
            written += [folder / file for file in figure.files(value)]
    return written
