"""The page as text, from what a run left in its folder."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from lacuna.errors import LacunaError
from lacuna.reporting import rendering
from lacuna.reporting.page.contents import TEMPLATES, Contents

LIMIT = 20 * 2**20  # bytes of the whole page


def duration(seconds: float) -> str:
    """Seconds as a reader takes them in: `12.3 s`, `4 min 05 s`, `2 h 05 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def page(settings: dict, folder: str | Path, commit: str = "", checked: str = "") -> str:
    """The whole page as text. `settings`: see `Results`.
    checked: whether the results were found to be what the config asks for.

    Reads only files under `folder`. Raises `LacunaError` for a missing file and for a page above `LIMIT`.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["html_table"] = lambda table: Markup(rendering.to_html(table, with_caption=False))
    environment.filters["duration"] = duration
    environment.filters["percent"] = lambda share: f"{100 * share:.1f}"
    contents = Contents(settings, Path(folder), commit)
    contents.require()
    text = environment.get_template("page.html").render(report=contents, checked=checked)
    if len(text.encode()) > LIMIT:
        raise LacunaError(
            f"the report would be {len(text.encode()) / 2**20:.0f} MiB, above {LIMIT // 2**20}; "
            "lower 'figures.qualitative_images' in the config"
        )
    return text
