"""Bradley–Terry strengths of what was voted on, their ranks, and how sure both are.

That a is preferred to b has the odds exp(strength a − strength b) (Bradley and Terry, Biometrika 1952); a tie is half
a vote for each. Every contestant also has one tie that nobody cast, spread evenly over all others: without it one that
won all its votes would be infinitely strong. Fitted by evalica (Ustalov, COLING 2025).
"""

from itertools import combinations

import evalica
import numpy as np
import pandas as pd

from lacuna.reporting.bootstrap import LEVEL
from lacuna.reporting.votes.crossed import reaches

RANKING = [
    *("system", "source", "rank", "rank_low", "rank_high", "strength", "low", "high"),
    *("preferred", "votes", "voters", "photographs"),
]
WINNERS = {1: evalica.Winner.X, -1: evalica.Winner.Y, 0: evalica.Winner.Draw}


def strengths(
    a: np.ndarray, b: np.ndarray, choices: np.ndarray, number: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Strengths of `number` contestants, their mean 0; what each vote brings to each; their covariance.

    Of K, N×K and K×K numbers; the covariance is that of votes which are independent of each other.

    a, b: the contestants of every vote, as numbers below `number`; choices: 1 where a was preferred, −1 where b was, 0
    for a tie.
    """
    a, b, choices = (np.asarray(each, int) for each in (a, b, choices))
    every = np.array(list(combinations(range(number), 2)))
    weights = np.concatenate([np.ones(len(a)), np.full(len(every), 1 / (number - 1))])
    xs, ys = np.concatenate([a, every[:, 0]]), np.concatenate([b, every[:, 1]])
    winners = [WINNERS[choice] for choice in choices.tolist()] + [WINNERS[0]] * len(every)
    fitted = evalica.bradley_terry(
        xs.tolist(),
        ys.tolist(),
        winners,
        index=pd.Index(range(number)),
        weights=weights,
        tolerance=1e-12,
        limit=100_000,
    )
    found = np.log(fitted.scores.reindex(range(number)).to_numpy())
    found -= found.mean()
    chance = 1 / (1 + np.exp(found[ys] - found[xs]))
    sides = np.eye(number)[xs] - np.eye(number)[ys]
    information = (sides * (weights * chance * (1 - chance))[:, None]).T @ sides
    votes = slice(0, len(a))
    surprise = (choices + 1) / 2 - chance[votes]
    level = np.full_like(information, 1 / number)  # what all strengths have in common, which no vote says anything of
    covariance = np.linalg.inv(information + level) - level
    return found, (surprise[:, None] * sides[votes]) @ covariance, covariance


def ranking(votes: pd.DataFrame) -> pd.DataFrame:
    """Contestants by strength, the strongest first: columns `RANKING`.

    `votes`: see `ballots.read_votes`. strength: log odds against a contestant of mean strength, with its interval low
    to high. A rank's interval counts those that are shown to be stronger, and not shown to be weaker, by differences
    whose intervals hold together (Bonferroni; Mogstad, Romano, Shaikh and Wilhelm, Review of Economic Studies 2024).
    preferred: share of the contestant's votes that it won, ties as half.
    """
    names = [list(zip(votes[f"system_{side}"], votes[f"source_{side}"], strict=True)) for side in "ab"]
    known = sorted({*names[0], *names[1]})
    a, b = (np.array([known.index(name) for name in side]) for side in names)
    choices = votes["choice"].to_numpy()
    found, influences, covariance = strengths(a, b, choices, len(known))
    groups, own = (votes["photograph"].to_numpy(), votes["voter"].to_numpy()), np.diag(covariance)
    reach = reaches(influences, *groups, fitted=len(known), least=own)
    rows = []
    for place, (system, source) in enumerate(known):
        others = [other for other in range(len(known)) if other != place]
        each = 1 - (1 - LEVEL) / len(others)
        least = (own + own[place] - 2 * covariance[place])[others]
        apart = reaches(influences[:, others] - influences[:, [place]], *groups, each, len(known), least)
        ahead = found[others] - found[place]
        mine = (a == place) | (b == place)
        won = (np.where(a == place, choices, -choices)[mine] + 1) / 2
        rows.append(
            {
                "system": system,
                "source": source,
                "rank": 1 + int((ahead > 0).sum()),
                "rank_low": 1 + int((ahead - apart > 0).sum()),
                "rank_high": len(known) - int((ahead + apart < 0).sum()),
                "strength": found[place],
                "low": found[place] - reach[place],
                "high": found[place] + reach[place],
                "preferred": won.mean(),
                "votes": int(mine.sum()),
                "voters": votes["voter"][mine].nunique(),
                "photographs": votes["photograph"][mine].nunique(),
            }
        )
    return pd.DataFrame(rows)[RANKING].sort_values(["rank", "system", "source"], ignore_index=True)
