"""Bad input gets one clear sentence, a non-zero exit, and nothing that looks finished."""

import pytest

from tests.workflow.conftest import SMALL

pytestmark = pytest.mark.slow


def one_sentence(repository, *arguments, **changes) -> str:
    """Run with a changed config; return the one line that starts with `lacuna:`."""
    result = repository.snakemake(*arguments, "--configfile", str(repository.configure(**changes)))
    output = result.stdout + result.stderr
    assert result.returncode != 0, output
    assert "Traceback" not in output
    lines = [line for line in output.splitlines() if line.startswith("lacuna")]
    assert len(lines) == 1, output
    return lines[0]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"sed": 1}, "unknown key 'sed' at the top level: did you mean 'seed'?"),
        ({"systems": {"telia": {}}}, "unknown system 'telia'"),
        ({"systems": {"telea": {"setings": {}}}}, "unknown key 'setings' at systems.telea: did you mean 'settings'?"),
        ({"systems": {"aotgan": {"settings": {"widht": 4}}}}, "widht"),
        (
            {"systems": {"aotgan": {"settings": {"width": 60_000}}}},
            "no network of system 'aotgan' can be built at these",
        ),
        ({"systems": {"aotgan": {"settings": {"width": 10**9}}}}, "must be a number from -65,536 to 65,536"),
        ({"test_sets": ["rocket"]}, "did you mean 'rockets'?"),
        ({"test_sets": ["rockets", "scenes_train"]}, "must not be tested on"),
        ({"image_size": "big"}, "image_size is 'big'"),
        ({"metrics": ["pnsr"]}, "pnsr"),
        ({"set_metrics": ["fib"]}, "set_metrics[0] is 'fib': did you mean 'fid'?"),
        ({"training": {"iterations": 2, "seconds": 2}}, "give one of them"),
    ],
)
def test_mistakes_in_the_config(finished, changes, expected):
    assert expected in one_sentence(finished, "--dry-run", **changes)


def folder_set(path):
    return {**SMALL["image_sets"], "mine": {"kind": "folder", "path": path, "count": 3, "crop": "random"}}


BOMB = "\n".join(
    [f"x0: &x0 [{', '.join('0' * 10)}]", *(f"x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 10)}]" for i in range(1, 9))]
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("systems:\n  telea: {}\n  telea: {settings: {radius: 9.0}}\n", "the key 'telea' stands twice in one place"),
        (BOMB, "its aliases (&, *) multiply"),
        ("x: &x [*x]\n", "holds itself by an alias"),
    ],
)
def test_what_a_file_says_twice_or_multiplies_is_refused_at_once(fresh, text, expected):
    path = fresh.folder / "config" / "bad.yaml"
    path.write_text(text)
    result = fresh.snakemake("--dry-run", "--configfile", str(path))
    output = result.stdout + result.stderr
    assert result.returncode != 0 and "Traceback" not in output
    (line,) = [line for line in output.splitlines() if line.startswith("lacuna")]
    assert expected in line


def test_the_profiles_own_file_is_read_for_equal_keys_too(fresh):
    with (fresh.folder / "config" / "config.yaml").open("a") as file:
        file.write("seed: 8\n")
    result = fresh.snakemake("--dry-run")
    assert "the key 'seed' stands twice" in result.stdout + result.stderr and result.returncode != 0


def test_a_missing_folder(fresh):
    assert "nowhere" in one_sentence(fresh, "--dry-run", image_sets=folder_set("nowhere"))


def test_an_empty_folder(fresh):
    (fresh.folder / "empty").mkdir()
    assert "empty" in one_sentence(fresh, "--dry-run", image_sets=folder_set("empty"))


def test_images_and_masks_of_different_numbers(fresh):
    masks = {**SMALL["mask_sets"], "few": {"kind": "boxes", "count": 4, "bins": 2}}
    target = "results/small/lists/rockets.txt"
    sentence = one_sentence(fresh, target, mask_sets=masks)
    assert "3" in sentence and "4" in sentence
    assert not (fresh.folder / target).exists()


def test_too_few_readable_photographs_leave_no_index(fresh):
    for path in (fresh.folder / "photographs").rglob("*.png"):
        path.write_bytes(path.read_bytes()[:200])
    target = "results/small/images/mine/index.csv"
    result = fresh.snakemake(target)
    assert result.returncode != 0
    assert "lacuna step stage:" in result.stdout + result.stderr
    assert not (fresh.folder / target).exists()


def test_a_typo_leaves_finished_results_alone(finished):
    one_sentence(finished, sed=1)
    result = finished.snakemake()
    assert "Nothing to be done" in result.stdout + result.stderr


def test_snakemake_may_be_started_for_another_directory(fresh, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    config = fresh.configure(sources={}, test_sets=["rockets"], systems={"telea": None}, metrics=["psnr"])
    result = fresh.snakemake("--dry-run", "--directory", str(elsewhere), "--configfile", str(config))
    assert result.returncode == 0 and "rule report:" in result.stdout + result.stderr, result.stdout + result.stderr
