"""Files of votes and the key of their ballot: who preferred which fill of which hole."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lacuna.errors import LacunaError
from lacuna.files import Record, read_json, read_rows
from lacuna.reporting.votes.page import KEY

FORMAT = "lacuna votes 1"
CHOICES = {"a": 1, "b": -1, "tie": 0}
VOTES = ["voter", "choice", "chose_left", *KEY[1:]]


def read_key(path: str | Path) -> tuple[str, dict[str, dict]]:
    """The ballot and its questions by their numbers, from `votes_key.csv`; a file that is no key is a `LacunaError`."""
    rows = read_rows(path, *KEY)
    if not rows:
        raise LacunaError(f"{path} lists no question; run the rule 'votes' again")
    return rows[0]["ballot"], {row["question"]: row for row in rows}


def key_of(files: Sequence[str | Path], results: str | Path) -> Path:
    """The key, of all runs' below `results`, that the first file of votes is about; none is a `LacunaError`."""
    ballot = _read(files[0])["ballot"]
    keys = sorted(Path(results).glob("*/votes_key.csv"))
    for path in keys:
        if read_key(path)[0] == ballot:
            return path
    raise LacunaError(
        f"{files[0]} holds votes on ballot {ballot}, which is that of none of the {len(keys)} keys "
        f"in {results}/*/votes_key.csv; name the key of its run by --key, or vote anew if its predictions have changed"
    )


def read_votes(files: Sequence[str | Path], key: str | Path) -> pd.DataFrame:
    """All votes of all files, one row each: columns `VOTES`, sorted by voter and question.

    choice: 1 where fill a was preferred, −1 where b was, 0 for a tie. chose_left: 1 or 0, NaN for a tie. A voter who
    saved twice is taken by the later file, question by question. Errors: a `LacunaError` that names the file that
    cannot be read, holds no votes, is about another ballot, or names a question or a choice that there is not.
    """
    ballot, questions = read_key(key)
    found: dict[tuple[str, str], Record] = {}
    read = [(path, _read(path)) for path in files]
    for path, record in sorted(read, key=lambda each: str(each[1]["saved"])):
        if record["ballot"] != ballot:
            raise LacunaError(
                f"{path} holds votes on ballot {record['ballot']}, but {key} is the key of {ballot}: its pictures were "
                "others; leave the file out, or vote anew"
            )
        for vote in record["votes"]:
            asked, choice = str(vote["question"]), str(vote["choice"])
            if asked not in questions or choice not in CHOICES or vote["left"] not in ("a", "b"):
                raise LacunaError(
                    f"{path} holds the vote '{choice}' on question '{asked}', which {key} does not "
                    "know; leave the file out, or save it again from the page"
                )
            found[record["voter"], asked] = vote
    rows = [
        {"voter": voter, "choice": CHOICES[vote["choice"]], "chose_left": _left(vote), **questions[question]}
        for (voter, question), vote in sorted(found.items())
    ]
    return pd.DataFrame(rows)[VOTES]


def _left(vote: Record) -> float:
    return float("nan") if vote["choice"] == "tie" else float(vote["choice"] == vote["left"])


def _read(path: str | Path) -> Record:
    record = read_json(path)
    if record.get("format") != FORMAT or not isinstance(record.get("votes"), list) or not record["votes"]:
        raise LacunaError(f"{path} holds no votes as the page saves them; name a file that was saved from it")
    for name in ("ballot", "voter", "saved"):
        if not isinstance(record[name], str):
            raise LacunaError(f"{path} has no text as its '{name}', so the page did not save it; save it again")
    if not all(isinstance(vote, dict) for vote in record["votes"]):
        raise LacunaError(f"{path} holds votes that are not JSON objects, so the page did not save it; save it again")
    return record


def contestants_of(key: str | Path) -> tuple[dict[str, str], dict[str, str]]:
    """The systems and the sources that a key names, each by its own name."""
    rows = read_key(key)[1].values()
    systems, sources = ({row[f"{what}_{side}"] for row in rows for side in "ab"} for what in ("system", "source"))
    return {name: name for name in sorted(systems)}, {name: name for name in sorted(sources)}


def scores_beside(key: str | Path) -> list[str]:
    """The files of scores of what the key is about, from the folder of its run; without one a `LacunaError`."""
    wanted = {
        (row[f"system_{side}"], row[f"source_{side}"], row["test_set"])
        for row in read_key(key)[1].values()
        for side in "ab"
    }
    paths = [Path(key).parent / f"scores/{system}/{source}/{name}.parquet" for system, source, name in sorted(wanted)]
    for path in paths:
        if not path.is_file():
            raise LacunaError(
                f"{path} is missing, and with it the scores that the votes are compared with; keep the key in the "
                "folder of its run"
            )
    return [str(path) for path in paths]
