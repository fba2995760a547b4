"""Improvement against step of the experiment settled on, on the pictures that it is reported on: figure 4.14."""

from lacuna.reporting.adaptation.display import COMPOSITES, CONFIG, chosen_words, is_adapting, metric_of
from lacuna.reporting.adaptation.experiments import BASELINE, in_order, reported, settled
from lacuna.reporting.descriptions import Figure


def _shown(table, settings: dict) -> tuple[object, list[str], str]:
    """The rows that are reported, the experiments drawn, and how they were settled on."""
    chosen = settled(table, settings, metric_of(settings["metrics"][0]))
    names = {BASELINE, *(experiment for experiment, _ in chosen.values())}
    here = reported(table, settings)
    return here, in_order(names & set(here["experiment"]), settings), chosen_words(chosen)


def draw(run, path, _="") -> None:
    """The panels."""
    from lacuna.reporting.adaptation.curves import draw_curves

    here, experiments, _ = _shown(run.adaptation, run.settings)
    draw_curves(path, here, run.settings, experiments)


def facts(run, _="") -> dict[str, str]:
    """N, what the last steps say, and how the experiment was settled on."""
    from lacuna.reporting.adaptation.curves import facts_of

    here, experiments, how = _shown(run.table("adaptation"), run.settings)
    return {**facts_of(here, experiments), "chosen": how}


FIGURE = Figure(
    title="the experiment settled on",
    section="adaptation",
    place=45,
    caption="The experiment that pictures and histograms below are of ({chosen}) beside the baseline (after figure "
    "4.14 of the thesis): improvement in percent over the scores before adapting. {found} Over {n} pictures, "
    f"{COMPOSITES}, whole image; ratio of means, bands are 95 % intervals (bootstrap over photographs).",
    alt="Line plots of the improvement by step of the experiment that was settled on.",
    inputs=("adaptation_features", "adaptation_rows"),
    config=CONFIG,
    applies=is_adapting,
    draw=draw,
    facts=facts,
    words=lambda value: {"found": "", "chosen": "chosen on other pictures where the config names some"},
)
