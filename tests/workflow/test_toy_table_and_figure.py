"""A toy table and a toy figure, each one file in a copy of the repository: the small DAG makes and shows both."""

import re

import pandas as pd
import pytest
import yaml

from tests.workflow.conftest import SMALL, copy_repository

pytestmark = pytest.mark.slow

TABLE = '''"""How many images every system was scored on."""

from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import Cell, DisplayTable


def rows(run):
    """Columns system, images."""
    return run.scores.groupby("system")["image"].nunique().reset_index(name="images")


def shown(run, _=""):
    """One line a system."""
    lines = tuple((run.systems[row.system], (Cell(str(row.images)),)) for row in run.table("toy_counts").itertuples())
    return [DisplayTable("Toy counts", TABLE.text(), ("All", "System", "Images"), (("all", lines),))]


TABLE = Table(
    title="toy counts",
    section="summary",
    caption="A toy: N images of every system, raw & composite, whole.",
    columns={"images": "that N"},
    inputs=("scores",),
    rows=rows,
    shown=shown,
)
'''
FIGURE = '''"""A bar for every test set."""

from lacuna.reporting.descriptions import Figure


def draw(run, path, test_set):
    """N of one test set, as a bar."""
    from lacuna.reporting.style import written_to

    with written_to(path, figsize=(3, 2)) as (_, axes):
        axes.bar([run.test_sets[test_set]], [len(run.files_of("predictions", test_set))])


FIGURE = Figure(
    title="toy bars",
    section="pictures",
    caption="A toy of {test_set}: N systems, raw & composite, whole.",
    alt="A bar that says how many systems there are.",
    each="test_set",
    inputs=("predictions",),
    draw=draw,
)
'''


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    """A copy with the two files, its DAG run on classical systems alone."""
    repository = copy_repository(tmp_path_factory.mktemp("toys"))
    reporting = repository.folder / "workflow/lacuna/reporting"
    (reporting / "tables/toy_counts.py").write_text(TABLE)
    (reporting / "figures/toy_bars.py").write_text(FIGURE)
    image_sets = {**SMALL["image_sets"], "rockets": {**SMALL["image_sets"]["rockets"], "title": "Ro$ck$ets {{7*7}}"}}
    config = {**SMALL, "image_sets": image_sets, "systems": {"telea": {"title": "=Te$l$ea*_x_"}, "navier_stokes": None}}
    config |= {"metrics": ["psnr", "l1"], "export": False}
    (repository.folder / "config/config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    result = repository.snakemake()
    assert result.returncode == 0, result.stdout + result.stderr
    return repository


def test_both_are_made_and_stand_in_the_report(toys):
    folder = toys.folder / "results/small"
    assert pd.read_csv(folder / "tables/toy_counts.csv")["images"].tolist() == [6, 6]
    page = (folder / "report.html").read_text()
    summary = page[page.index('<section id="summary">') : page.index('<section id="uncertainty">')]
    assert "A toy: N images of every system, raw &amp; composite, whole." in summary
    for test_set, title in (("rockets", "Ro$ck$ets {{7*7}}"), ("mine", "mine")):
        assert (folder / f"figures/toy_bars_{test_set}.png").stat().st_size > 0
        assert f'<h3 id="toy_bars-{test_set}">{title}</h3>' in page
        assert f"A toy of {title}: N systems, raw &amp; composite, whole." in page


def test_an_edited_one_redoes_its_own_job_alone(toys):
    with toys.edit("workflow/lacuna/reporting/tables/toy_counts.py"):
        assert toys.would_run() == {"tabulate_scores", "report"}
    with toys.edit("workflow/lacuna/reporting/figures/toy_bars.py"):
        assert toys.would_run() == {"plot_predictions", "report"}


def test_snakemakes_own_report_shows_both_with_titles_as_text(toys):
    result = toys.snakemake("--report", "out.html")
    assert result.returncode == 0, result.stdout + result.stderr
    text = (toys.folder / "out.html").read_text()
    assert "A toy: N images of every system, raw &amp; composite, whole." in text
    assert re.search(r"A toy of Ro\$ck\$ets \{\{7\*7\}\}: N systems", text)
    assert "49: N systems" not in text
