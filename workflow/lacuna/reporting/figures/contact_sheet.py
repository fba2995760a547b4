"""Pictures whose truth nobody knows, with every system's completion: what a reader can judge by eye alone."""

from lacuna.reporting.descriptions import Figure
from lacuna.reporting.titles import UNTRAINED_NOTE

MOST = 12  # pictures of a test set


def draw_contact_sheet(settings: dict, list_path, indices, output) -> None:
    """Write the sheet of one test set as PNG: a row a picture, a column for each system and source.

    settings: titles. indices: index.csv of the predictions. The pictures are spread evenly over the set's order.
    """
    from lacuna.data.compositing import composite_picture
    from lacuna.data.images import read_image, read_mask
    from lacuna.reporting.examples import completions
    from lacuna.reporting.sheet import Fill, SheetRow, draw_sheet

    filled = completions(settings, list_path, indices)
    pairs, rows = next(iter(filled.values())), []
    for at in chosen(len(pairs)):
        image, hole = read_image(pairs[at][0]), read_mask(pairs[at][1])
        fills = [Fill(composite_picture(read_image(files[at][2]), image, hole)) for files in filled.values()]
        rows.append(SheetRow(name_of(pairs[at][0]), image, hole, fills, note=f"{hole.mean():.0%} hole"))
    draw_sheet([*filled], rows, output)


def chosen(number: int) -> list[int]:
    """Positions of at most `MOST` of so many pictures, from the middles of as many equal parts."""
    count = min(number, MOST)
    return [(2 * part + 1) * number // (2 * count) for part in range(count)]


def name_of(image: str) -> str:
    """What a picture was called before it was staged, or its file's name."""
    from pathlib import Path

    from lacuna.data.indexes import read_index
    from lacuna.data.photographs import INDEX

    path = Path(image)
    index = path.parent / INDEX
    known = {row["file"]: row["origin"] for row in read_index(index, "file", "origin")} if index.is_file() else {}
    return known.get(path.name, path.name)


def draw(run, path, test_set: str) -> None:
    """The sheet of one test set of the run; see `draw_contact_sheet`."""
    draw_contact_sheet(run.settings, run.files_of("shown_lists", test_set)[0], run.files_of("shown", test_set), path)


def facts(run, test_set: str) -> dict[str, str]:
    """How many pictures are drawn, and of how many; the systems."""
    number = run.card("images", test_set)["n"]
    return {"n": f"N = {min(number, MOST)} of {number}", "systems": ", ".join(run.systems.values())}


FIGURE = Figure(
    title="contact sheet",
    section="pictures",
    place=60,
    caption="{unscored_set}, {n} pictures without a known truth, whole: the picture with the hole in magenta, and the "
    "composite of every system. There is nothing to score these by: look, and compare. " + UNTRAINED_NOTE,
    alt="Contact sheet of {unscored_set}: one row a picture, one column for each of {systems}.",
    each="unscored_set",
    inputs=("shown",),
    draw=draw,
    facts=facts,
)
