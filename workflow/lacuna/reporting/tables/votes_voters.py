"""Whether voters agree with each other."""

from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import Cell, DisplayTable, is_missing, with_interval


def rows(run):
    """`agreement.voters` of the votes."""
    from lacuna.reporting.votes.agreement import voters

    return voters(run.votes)


def shown(run, _="") -> list[DisplayTable]:
    """One table, all voters together first."""
    lines = []
    for row in run.table("votes_voters").itertuples():
        agreement = "–"
        if row.n:
            agreement = with_interval(row.agreement, row.low, row.high, ".0%")
        left = "–" if is_missing(row.left) else f"{row.left:.0%}"
        texts = (str(row.votes), f"{row.ties:.0%}", left, agreement, f"{row.by_chance:.0%}", str(row.n))
        lines.append((row.voter, tuple(map(Cell, texts))))
    return [
        DisplayTable(
            title="Whether voters agree",
            caption=TABLE.text(),
            head=("", "Voter", "Votes", "Ties", "Left", "Agreement", "By chance", "N"),
            groups=(("", tuple(lines)),),
        )
    ]


TABLE = Table(
    title="agreement of voters",
    section="judging",
    place=30,
    caption="Agreement on whole composites, two fills of one hole: over all {n} pairs of votes of two voters on one "
    "question, 1 for the same, 0 for opposite ones, half where one of them saw no difference; 95 % intervals by "
    "bootstrap over photographs. By chance: what voters would reach who see ties as often and otherwise throw a coin. "
    "Left: share of decided votes for the fill on the left; sides were drawn by lot for every vote, so that far from "
    "50 % it is a habit.",
    columns={
        "ties, left": "share of ties, and of decided votes for the fill on the left",
        "agreement, low, high, n": "agreement with other voters on n pairs of votes, and its interval",
        "by_chance": "agreement of voters who see ties as often and otherwise throw a coin",
    },
    inputs=("scores", "votes"),
    applies=lambda plan: plan.has_votes(),
    rows=rows,
    shown=shown,
    unfolded=0,
)
