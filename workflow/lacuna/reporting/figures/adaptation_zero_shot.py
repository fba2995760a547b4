"""Adapting from random weights beside adapting a trained network: figure 4.13 of the thesis, with its second axis."""

from lacuna.reporting.adaptation.display import COMPOSITES, CONFIG, is_adapting
from lacuna.reporting.adaptation.experiments import OPTIMAL, ZERO_SHOT, in_order
from lacuna.reporting.descriptions import Figure


def _experiments(found, settings: dict) -> list[str]:
    """Those from random weights, and beside them the thesis' choice, or else all others."""
    run = in_order(found, settings)
    beside = [OPTIMAL] if OPTIMAL in run else [name for name in run if name not in ZERO_SHOT][:1]
    return beside + [name for name in run if name in ZERO_SHOT]


def draw(run, path, _="") -> None:
    """The panels."""
    from lacuna.reporting.adaptation.curves import draw_curves

    table = run.adaptation
    draw_curves(path, table, run.settings, _experiments(table["experiment"], run.settings), scores=True)


def facts(run, _="") -> dict[str, str]:
    """N."""
    from lacuna.reporting.adaptation.curves import facts_of

    table = run.table("adaptation")
    return facts_of(table, _experiments(table["experiment"], run.settings))


FIGURE = Figure(
    title="without training beforehand",
    section="adaptation",
    place=55,
    caption="Zero-shot learning (after figure 4.13 of the thesis): solid and on the left axis the improvement in "
    "percent over the scores before adapting, dashed and on the right axis the mean scores, of {n} pictures, "
    f"{COMPOSITES}, whole image. Over random weights any training improves much; the dashed lines tell how good the "
    "result is. Bands are 95 % intervals (bootstrap over photographs).",
    alt="Line plots of improvements and mean scores by step, from random weights and from trained ones.",
    inputs=("adaptation_features", "adaptation_rows"),
    config=CONFIG,
    applies=lambda plan: is_adapting(plan) and bool(set(ZERO_SHOT) & set(plan.experiments)),
    draw=draw,
    facts=facts,
)
