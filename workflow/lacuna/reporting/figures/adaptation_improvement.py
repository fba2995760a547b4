"""Improvement against step for experiments that the thesis shows together: its figures 4.2, 4.4, 4.6, 4.8 to 4.12."""

from lacuna.reporting.adaptation.display import COMPOSITES, CONFIG, is_adapting
from lacuna.reporting.adaptation.experiments import GROUPS, OTHERS, groups_of
from lacuna.reporting.descriptions import Figure


def draw(run, path, value: str) -> None:
    """The panels of one group."""
    from lacuna.reporting.adaptation.curves import draw_curves

    experiments = groups_of(run.adaptation["experiment"].unique())[value].experiments
    draw_curves(path, run.adaptation, run.settings, experiments)


def facts(run, value: str) -> dict[str, str]:
    """N, and what the last steps say."""
    from lacuna.reporting.adaptation.curves import facts_of

    table = run.table("adaptation")
    return facts_of(table, groups_of(table["experiment"].unique())[value].experiments)


def words(value: str) -> dict[str, str]:
    """What the experiments have in common, and the thesis' figure."""
    if value == OTHERS:
        return {"group": "Further experiments", "found": ""}
    return {"group": f"{GROUPS[value].title} (after figure {GROUPS[value].number} of the thesis)", "found": ""}


FIGURE = Figure(
    title="improvement by step",
    section="adaptation",
    place=50,
    caption="{group}: improvement over the scores before adapting, in percent, against the step of training; a line an "
    f"experiment, the baseline in black. {{found}} Over {{n}} pictures, {COMPOSITES}, whole image; ratio of means, "
    "bands are 95 % intervals (bootstrap over photographs).",
    alt="Line plots of the improvement by step: {group}.",
    inputs=("adaptation_features", "adaptation_rows"),
    config=CONFIG,
    each="experiments",
    path="figures/adaptation_{value}.png",
    applies=is_adapting,
    draw=draw,
    facts=facts,
    words=words,
)
