"""Votes: which questions are asked, what the files hold, strengths and agreement against arithmetic by hand."""

from collections import Counter
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from lacuna.cli import main
from lacuna.errors import LacunaError
from lacuna.files import read_json, read_rows, write_json
from lacuna.reporting.votes.agreement import alike, by_chance, metrics_with_metrics, metrics_with_votes, voters
from lacuna.reporting.votes.ballots import read_votes
from lacuna.reporting.votes.crossed import reaches, share
from lacuna.reporting.votes.questions import Image, in_turns, questions
from lacuna.reporting.votes.strengths import ranking, strengths

CONTESTANTS = [("telea", "untrained"), ("aotgan", "place2"), ("aotgan", "celeba"), ("madf", "place2")]
IMAGES = [Image("paris", f"i{n}.png", f"m{n}.png", f"photograph {n // 3}") for n in range(13)]


def always(_) -> bool:
    return True


def test_every_pair_comes_up_equally_often_and_every_photograph_before_any_a_second_time():
    found = questions(CONTESTANTS, IMAGES, 15, 7, always)
    assert len(found) == len(set(found)) == 15
    pairs = Counter(frozenset((each.a, each.b)) for each in found)
    assert len(pairs) == 6 and set(pairs.values()) == {2, 3}
    assert len({each.image.photograph for each in found[:5]}) == 5
    assert max(Counter(each.image for each in found).values()) == 2  # 15 questions on 13 images
    assert {each.a < each.b for each in found} == {True, False}
    assert found == questions(CONTESTANTS, IMAGES, 15, 7, always) != questions(CONTESTANTS, IMAGES, 15, 8, always)


def test_no_question_is_asked_twice_and_none_about_equal_fills():
    def differ(question) -> bool:
        return question.image.image != "i4.png" and ("madf", "place2") not in (question.a, question.b)

    found = questions(CONTESTANTS, IMAGES, 1000, 7, differ)
    assert len(found) == 3 * 12
    assert len({(frozenset((each.a, each.b)), each.image) for each in found}) == 3 * 12
    assert questions(CONTESTANTS, IMAGES, 9, 7, lambda _: False) == []


def test_turns_take_one_image_of_each_photograph():
    turns = in_turns(IMAGES, np.random.default_rng(0))
    assert sorted(turns) == sorted(IMAGES)
    assert len({each.photograph for each in turns[:5]}) == 5
    assert len({each.photograph for each in turns[5:9]}) == 4  # the fifth photograph has one image


def votes_of(rows) -> pd.DataFrame:
    """(voter, question, a, b, choice, photograph) → votes, systems trained on `place2`."""
    return pd.DataFrame(
        [
            {"voter": voter, "choice": choice, "chose_left": float(choice > 0) if choice else np.nan}
            | {"question": question, "system_a": a, "source_a": "place2", "system_b": b, "source_b": "place2"}
            | {"test_set": "paris", "image": f"i{question}", "mask": f"m{question}", "photograph": photograph}
            for voter, question, a, b, choice, photograph in rows
        ]
    )


def test_strengths_of_two_are_the_odds_of_their_votes():
    """Seven of ten votes and one tie: with the one tie that nobody cast 8 to 4, log odds log 2, halved about 0."""
    choices = [1] * 7 + [-1] * 3 + [0]
    found, influences, covariance = strengths([0] * 11, [1] * 11, choices, 2)
    np.testing.assert_allclose(found, [np.log(2) / 2, -np.log(2) / 2], rtol=1e-6)
    assert influences.shape == (11, 2)
    # of the log odds: 1 / (12 · ⅔ · ⅓), and a strength is half of it
    np.testing.assert_allclose(covariance[0, 0], 1 / (12 * 2 / 9) / 4, rtol=1e-5)
    # what votes bring sums to what the tie that nobody cast takes away
    np.testing.assert_allclose(influences.sum(0)[0], (7.5 - 11 * 2 / 3) * covariance[0, 0] * 2, rtol=1e-5)


def test_strengths_solve_the_equations_of_bradley_and_terry():
    """Votes won are votes expected, for every contestant: the maximum of the likelihood."""
    random = np.random.default_rng(4)
    a = random.integers(0, 4, 60)
    b = (a + random.integers(1, 4, 60)) % 4
    choices = random.choice([1, 0, -1], 60, p=[0.6, 0.1, 0.3])
    found, _, _ = strengths(a, b, choices, 4)
    won, expected = np.zeros(4), np.zeros(4)
    for x, y, half in [(x, y, (c + 1) / 2) for x, y, c in zip(a, b, choices, strict=True)]:
        chance = 1 / (1 + np.exp(found[y] - found[x]))
        won += np.eye(4)[x] * half + np.eye(4)[y] * (1 - half)
        expected += np.eye(4)[x] * chance + np.eye(4)[y] * (1 - chance)
    for x, y in combinations(range(4), 2):
        chance = 1 / (1 + np.exp(found[y] - found[x]))
        won += (np.eye(4)[x] + np.eye(4)[y]) / 2 / 3
        expected += (np.eye(4)[x] * chance + np.eye(4)[y] * (1 - chance)) / 3
    np.testing.assert_allclose(won, expected, atol=1e-4)
    assert abs(found.sum()) < 1e-9


def test_who_wins_everything_has_a_finite_strength_and_the_first_rank():
    rows = [("v", str(n), "good", "bad", 1, f"p{n}") for n in range(30)]
    found = ranking(votes_of(rows))
    assert found["system"].tolist() == ["good", "bad"] and found["preferred"].tolist() == [1, 0]
    assert np.isfinite(found[["strength", "low", "high"]].to_numpy()).all()
    assert found["rank"].tolist() == found["rank_low"].tolist() == found["rank_high"].tolist() == [1, 2]


def test_variance_of_two_groupings_by_hand():
    """Six voters on two photographs each vote once on both; influences 1 to 12."""
    influences = np.arange(1.0, 13)[:, None]
    photographs, who = np.array(["p", "q"] * 6), np.repeat(list("uvwxyz"), 2)
    by_photograph = (36**2 + 42**2) * 2 / 1
    by_voter = sum((4 * n + 3) ** 2 for n in range(6)) * 6 / 5
    by_both = (influences**2).sum() * 12 / 11
    variance = max(by_photograph, by_voter, by_photograph + by_voter - by_both)
    from scipy.stats import t

    (found,) = reaches(influences, photographs, who)
    # two photographs of equal weight: Student's t of one degree of freedom
    np.testing.assert_allclose(found, t.ppf(0.975, 1) * variance**0.5)
    (of_five,) = reaches(influences[:10], photographs[:10], who[:10])
    np.testing.assert_allclose(of_five, t.ppf(0.975, 1) * ((25**2 + 30**2) * 2) ** 0.5)


def test_a_share_without_spread_has_no_interval():
    mean, low, high = share([1, 1, 1], np.array(["p", "q", "r"]), np.array(["v"] * 3))
    assert mean == 1 and np.isnan(low) and np.isnan(high)
    mean, low, high = share([1, 0, 1, 1], np.array(["p", "q", "r", "s"]), np.array(["v"] * 4))
    assert mean == 0.75 and 0 <= low < 0.75 < high == 1
    assert np.isnan(share([1, 0], np.array(["p", "p"]), np.array(["v"] * 2))[1])


def test_agreement_by_hand():
    np.testing.assert_array_equal(alike([1, 1, 1, 0, 0], [1, 0, -1, 0, -1]), [1, 0.5, 0, 1, 0.5])
    assert by_chance(np.array([1, -1, 1, 1])) == 0.5
    # ties ¼: both tie 1/16, one does 3/8 (half), neither 9/16 (half)
    assert by_chance(np.array([1, -1, 0, 1])) == pytest.approx(1 / 16 + 3 / 16 + 9 / 32)
    rows = [("u", "1", "x", "y", 1, "p"), ("v", "1", "x", "y", 1, "p"), ("w", "1", "x", "y", -1, "p")]
    rows += [("u", "2", "x", "y", 0, "q"), ("v", "2", "x", "y", -1, "q")]
    table = voters(votes_of(rows)).set_index("voter")
    assert table["n"].to_dict() == {"all voters": 4, "u": 3, "v": 3, "w": 2}
    assert table["agreement"].to_dict() == pytest.approx({"all voters": 1.5 / 4, "u": 0.5, "v": 0.5, "w": 0})
    assert table.loc["u", "ties"] == 0.5 and table.loc["u", "left"] == 1 and table.loc["w", "left"] == 0


def scores_of(values: dict) -> pd.DataFrame:
    """{metric: {system: [score of image 0, 1, …]}} → rows for composites, whole image; two images a photograph."""
    return pd.DataFrame(
        [
            {"source": "place2", "test_set": "paris", "system": system, "prediction": "composite", "region": "image"}
            | {"metric": metric, "image": f"i{n}", "mask": f"m{n}", "photograph": f"p{n // 2}", "value": value}
            for metric, systems in values.items()
            for system, column in systems.items()
            for n, value in enumerate(column)
        ]
    )


SCORES = {"psnr": {"x": [20, 21, 22, 23], "y": [10, 30, 22, 9]}, "l1": {"x": [1, 2, 3, 4], "y": [2, 1, 2, 5]}}


def test_metrics_agree_with_votes_in_their_own_direction():
    rows = [("v", str(n), "x", "y", choice, f"p{n // 2}") for n, choice in enumerate([1, 1, 1, 0])]
    table = metrics_with_votes(votes_of(rows), scores_of(SCORES)).set_index("metric")
    # psnr: x, y, equal; l1 (lower is better): x, y, y; the fourth vote is a tie
    assert table["agreement"].to_dict() == pytest.approx({"psnr": 1.5 / 3, "l1": 1 / 3})
    assert table["n"].tolist() == [3, 3] and table.index.tolist() == ["psnr", "l1"]
    turned = votes_of([("v", "0", "y", "x", -1, "p0")])
    assert metrics_with_votes(turned, scores_of(SCORES))["agreement"].tolist() == [1, 1]


def test_metrics_agree_with_each_other_image_by_image():
    (row,) = metrics_with_metrics(scores_of(SCORES)).itertuples()
    assert (row.metric_a, row.metric_b) == ("l1", "psnr") and row.n == 4 and row.photographs == 2
    assert row.agreement == pytest.approx((1 + 1 + 0.5 + 1) / 4)
    three = {metric: {**of, "z": [None, 99 if metric == "psnr" else 0, 0, 0]} for metric, of in SCORES.items()}
    (row,) = metrics_with_metrics(scores_of(three)).itertuples()
    # image 0 has one pair; of image 1 all three agree; image 2: ½ (equal for psnr), 0, 0; image 3: 1, 0, 0
    assert row.agreement == pytest.approx((1 + 1 + 0.5 / 3 + 1 / 3) / 4)
    assert metrics_with_metrics(scores_of({"psnr": SCORES["psnr"]})).empty


@pytest.fixture
def saved(tmp_path):
    """A key of three questions and a file of votes about them."""
    key = tmp_path / "results/mine/votes_key.csv"
    key.parent.mkdir(parents=True)
    lines = ["ballot,question,system_a,source_a,system_b,source_b,test_set,image,mask,photograph"]
    lines += [f"abc,000{n},x,place2,y,celeba,paris,i{n}.png,m{n}.png,p{n}" for n in (1, 2, 3)]
    key.write_text("\n".join(lines) + "\n")
    file = tmp_path / "votes.json"
    votes = [{"question": f"000{n}", "choice": c, "left": "b"} for n, c in ((1, "a"), (2, "b"), (3, "tie"))]
    write_json(file, {"format": "lacuna votes 1", "ballot": "abc", "voter": "v", "saved": "2026-01-02", "votes": votes})
    return key, file


def test_votes_are_read_with_what_the_key_says(saved):
    found = read_votes([saved[1]], saved[0])
    assert found["choice"].tolist() == [1, -1, 0] and found["photograph"].tolist() == ["p1", "p2", "p3"]
    np.testing.assert_array_equal(found["chose_left"], [0, 1, np.nan])


def test_the_later_file_of_a_voter_counts(saved, tmp_path):
    changed = dict(read_json(saved[1])) | {"saved": "2026-01-03"}
    changed["votes"] = [{"question": "0001", "choice": "b", "left": "a"}]
    write_json(tmp_path / "later.json", changed)
    for files in ([saved[1], tmp_path / "later.json"], [tmp_path / "later.json", saved[1]]):
        assert read_votes(files, saved[0])["choice"].tolist() == [-1, -1, 0]


@pytest.mark.parametrize(
    "change, said",
    [
        ({"ballot": "other"}, "holds votes on ballot other, but"),
        ({"format": "x"}, "holds no votes as the page saves them"),
        ({"votes": []}, "holds no votes as the page saves them"),
        ({"votes": [3]}, "holds votes that are not JSON objects"),
        ({"votes": [{"question": "0009", "choice": "a", "left": "a"}]}, "the vote 'a' on question '0009'"),
        ({"votes": [{"question": "0001", "choice": "c", "left": "a"}]}, "the vote 'c' on question '0001'"),
        ({"votes": [{"question": "0001", "choice": ["a"], "left": "a"}]}, "on question '0001'"),
        ({"votes": [{"question": "0001", "left": "a"}]}, "lacks 'choice'"),
        ({"voter": 3}, "has no text as its 'voter'"),
    ],
)
def test_what_is_no_vote_is_refused(saved, change, said):
    write_json(saved[1], dict(read_json(saved[1])) | change)
    with pytest.raises(LacunaError, match="votes.json") as error:
        read_votes([saved[1]], saved[0])
    assert said in str(error.value)


def test_the_command_finds_the_run_and_says_what_is_missing(saved, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["votes", "votes.json"]) == 1
    assert "results/mine/scores/x/place2/paris.parquet is missing" in capsys.readouterr().err
    write_json(saved[1], dict(read_json(saved[1])) | {"ballot": "other"})
    assert main(["votes", "votes.json"]) == 1
    assert "none of the 1 keys in results/*/votes_key.csv" in capsys.readouterr().err


def test_the_command_prints_ranks_and_writes_tables(saved, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for system, source, shift in (("x", "place2", 0), ("y", "celeba", 2)):
        rows = [
            {"source": source, "test_set": "paris", "system": system, "prediction": "composite", "region": region}
            | {"metric": metric, "image": f"i{n}.png", "mask": f"m{n}.png", "coverage": 0.1, "value": 20.0 + shift}
            for n in (1, 2, 3)
            for metric in ("psnr", "l1")
            for region in ("image", "hole")
        ]
        path = tmp_path / f"results/mine/scores/{system}/{source}/paris.parquet"
        path.parent.mkdir(parents=True)
        pd.DataFrame(rows).to_parquet(path)
    assert main(["votes", "votes.json", "--output-directory", "out"]) == 0
    said = capsys.readouterr().out
    assert "What people prefer" in said and "N = 3 votes of 1 voter " in said and "this one voter judges" in said
    ranks = read_rows(tmp_path / "out/votes_ranks.csv")
    assert {row["system"] for row in ranks} == {"x", "y"} and {row["rank"] for row in ranks} == {"1"}
    assert len(read_rows(tmp_path / "out/metric_agreement.csv")) == 2


def cast(random, theta, photographs, people, asked, of_photograph=0.0, of_voter=0.0) -> pd.DataFrame:
    """Votes on `asked` questions by everybody, who has tastes of their own, as have photographs; 15 % are ties."""
    k = len(theta)
    leaning, taste = random.normal(0, of_photograph, (photographs, k)), random.normal(0, of_voter, (people, k))
    drawn = [(random.integers(photographs), *random.choice(k, 2, replace=False)) for _ in range(asked)]
    rows = []
    for voter in range(people):
        for number, (photograph, a, b) in enumerate(drawn):
            liked = theta + leaning[photograph] + taste[voter]
            wins = random.random() < 1 / (1 + np.exp(liked[b] - liked[a]))
            choice = 0 if random.random() < 0.15 else 1 if wins else -1
            rows.append((f"v{voter}", str(number), f"s{a}", f"s{b}", choice, f"p{photograph}"))
    return votes_of(rows)


def population(theta, spread) -> np.ndarray:
    """The strengths that endless votes of endless people on endless photographs would give."""
    k, random = len(theta), np.random.default_rng(0)
    liked = theta + random.normal(0, spread, (100_000, k))
    shares = np.array(
        [[0.075 + 0.85 * (1 / (1 + np.exp(liked[:, b] - liked[:, a]))).mean() for b in range(k)] for a in range(k)]
    )
    np.fill_diagonal(shares, 0.5)
    found = np.zeros(k)
    for _ in range(5000):
        found = found + 0.2 * (shares - 1 / (1 + np.exp(found - found[:, None]))).sum(1)
    return found - found.mean()


@pytest.mark.slow
@pytest.mark.parametrize(
    "photographs, people, asked, of_photograph, of_voter",
    [(30, 1, 100, 0, 0), (30, 1, 100, 0.7, 0), (30, 3, 60, 0.5, 0), (30, 8, 50, 0.5, 0.5)],
)
def test_intervals_hold_the_truth(photographs, people, asked, of_photograph, of_voter):
    theta = np.array([1, 0.5, 0.3, -0.3, -1.5])
    truth = population(theta, np.hypot(of_photograph, of_voter))
    held, ranked = [], []
    for seed in range(120):
        votes = cast(np.random.default_rng(seed), theta, photographs, people, asked, of_photograph, of_voter)
        found = ranking(votes).sort_values("system")
        held += ((found["low"] <= truth) & (truth <= found["high"])).tolist()
        ranked += ((found["rank_low"] <= range(1, 6)) & (range(1, 6) <= found["rank_high"])).tolist()
    assert np.mean(held) >= 0.92 and np.mean(ranked) >= 0.95


@pytest.mark.slow
def test_known_preferences_come_back_as_ranks():
    theta = np.array([4, 2, 0, -2, -4])
    found = ranking(cast(np.random.default_rng(3), theta, 40, 8, 200, 0.3, 0.3))
    assert found["system"].tolist() == [f"s{n}" for n in range(5)]
    assert found["rank_low"].tolist() == found["rank_high"].tolist() == [1, 2, 3, 4, 5]
    shuffled = found.sample(frac=1, random_state=0)
    assert not shuffled["system"].is_monotonic_increasing  # or the order of names could have made it
