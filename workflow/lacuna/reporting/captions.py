"""Captions of Snakemake's report, as files of reStructuredText, from the descriptions.

They are written at every start of Snakemake into its folder, because it takes captions from files only; it renders them
as templates of Jinja first, so that whatever a user wrote is escaped for both.
"""

from pathlib import Path

from lacuna.files import atomic
from lacuna.metrics.per_image import metric_by_name
from lacuna.places import WORKFLOW
from lacuna.reporting.axis_words import about, columns_of
from lacuna.reporting.descriptions import Description, Table
from lacuna.reporting.display import sentences
from lacuna.reporting.markup import restructured_text

OVERVIEW = WORKFLOW / "report" / "workflow.rst"
TITLE = "THE TITLE OF THE RUN"


def facts_of(plan, description: Description, value: str) -> dict[str, str]:
    """What a caption may name and a plan knows."""
    titles = plan.titles()
    return {
        "metric": metric_by_name(plan.config["metrics"][0]).title,
        "systems": ", ".join(title for _, title in titles["systems"]),
        "test_set": dict(titles["test_sets"]).get(value, value),
        "unscored_set": dict(titles.get("unscored_sets", [])).get(value, value),
        "source": dict(titles["sources"]).get(value, value),
        "training": "the network",
        **description.words(value),
    }


def caption(plan, description: Description, value: str = "") -> str:
    """The caption as reStructuredText; that of a table goes on with the meaning of its columns."""
    first = description.demonstration if plan.config.get("demonstration") else ""
    said = plan.titles()
    text = sentences(description.text(**facts_of(plan, description, value)), about(description.cells, said))
    lines = [restructured_text(f"{first} {text}"), ""]
    columns = {**description.columns, **columns_of(description.cells, said)} if isinstance(description, Table) else {}
    for name, meaning in columns.items():
        lines.append(f"* **{restructured_text(name)}**: {restructured_text(meaning)}")
    return "\n".join([*lines, ""])


def caption_file(plan, description: Description, value: str = "") -> str:
    """The file of a caption, written if it is not there as it should be; an absolute path."""
    name = "_".join(filter(None, (type(description).__name__.lower(), description.name, value.replace("/", "_"))))
    return _written(plan, f"{name}.rst", caption(plan, description, value))


def overview_file(plan) -> str:
    """The file of the first page of Snakemake's report, with the title of the run; an absolute path."""
    text = OVERVIEW.read_text(encoding="utf-8").replace(TITLE, restructured_text(plan.config["title"]))
    return _written(plan, "overview.rst", text)


def _written(plan, name: str, text: str) -> str:
    path = Path(plan.cache_folder, "captions", plan.run, name).absolute()
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        with atomic(path) as partial:
            partial.write_text(text, encoding="utf-8")
    return str(path)
