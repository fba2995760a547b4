"""Which system people prefer."""

from lacuna.reporting.descriptions import FIRST, Table
from lacuna.reporting.display import Cell, DisplayTable, sentences, with_interval
from lacuna.reporting.titles import titles
from lacuna.reporting.votes.wording import about
from lacuna.sources import ELSEWHERE, UNTRAINED


def rows(run):
    """`strengths.ranking` of the votes."""
    from lacuna.reporting.votes.strengths import ranking

    return ranking(run.votes)


def shown(run, _="") -> list[DisplayTable]:
    """One table, the most preferred system first."""
    ranks, votes = run.table("votes_ranks"), run.table("votes_voters")
    sources = titles(run.settings["sources"]) | {UNTRAINED: "– (needs no training)", ELSEWHERE: "elsewhere"}
    groups = []
    for row in ranks.itertuples():
        of_rank = f"{row.rank} [{row.rank_low}, {row.rank_high}]"
        strength = with_interval(row.strength, row.low, row.high, "+.2f")
        cells = (Cell(of_rank), Cell(strength), Cell(f"{row.preferred:.0%}"), Cell(str(row.votes)))
        groups.append((run.systems[row.system], ((sources[row.source], cells),)))
    voters = len(votes) - 1
    number = f"N = {int(votes['votes'].iloc[0])} votes of {voters} voter{'s' * (voters != 1)}"
    return [
        DisplayTable(
            title="What people prefer",
            caption=sentences(TABLE.text(n=number), about(voters)),
            head=("System", "Trained on", "Rank", "Strength ↑", "Preferred", "Votes"),
            groups=tuple(groups),
        )
    ]


TABLE = Table(
    title="ranks by votes",
    section="judging",
    place=10,
    caption="Bradley–Terry strengths of the systems from {n} on which of two fills of a hole is better, shown as "
    "whole composites without names: log odds of being preferred to a system of mean strength. A rank's interval "
    "counts the systems that are shown to be stronger, and all that are not shown to be weaker. Preferred: share of "
    "the votes on the system that it won, ties as half.",
    columns={
        "rank, rank_low, rank_high": "1 is the most preferred, with the interval of the rank",
        "strength, low, high": "log odds against a system of mean strength, with their interval",
        "preferred, votes": "share of the votes on the system that it won, ties as half, and their number",
        "voters, photographs": "how many people cast these votes, on images of how many photographs",
    },
    inputs=("scores", "votes"),
    cells=FIRST,
    applies=lambda plan: plan.has_votes(),
    rows=rows,
    shown=shown,
)
