"""What jobs ask of a machine follows from the system, the size, the batch, the pictures and the attempt."""

import json
import re
from copy import deepcopy
from pathlib import Path

import pytest

from lacuna.cli import main
from lacuna.config.reading import read_config
from lacuna.plan import Plan
from lacuna.plan.resources import CPU, CUDA
from tests.workflow.conftest import RESULT, SMALL, run_snakemake

ROOT = Path(__file__).parents[2]
DEMONSTRATION = read_config(ROOT / "config/config.yaml")

# Peak memory in megabytes of a training at the authors' settings but for features of VGG16, two pictures of 256x256 at
# once, on the CPU: VmHWM of `lacuna step train`, 2 virtual cores of an Intel Xeon.
MEASURED = {"aotgan": 3215, "tfill": 6332, "madf": 5520, "partialconv": 2615, "lama": 3299}


def planned(tmp_path, **changes) -> Plan:
    return Plan({**deepcopy(DEMONSTRATION), **changes}, tmp_path)


def at_full_size(system: str, batch: int, size: int) -> dict:
    settings = {"aotgan": {"feature_network": "vgg16"}}
    return {
        "systems": {system: {"settings": settings.get(system, {})}},
        "training": {"iterations": 2, "batch_size": batch},
        "image_size": size,
    }


@pytest.mark.parametrize("system", MEASURED)
def test_a_training_is_given_what_it_took_and_not_much_more(tmp_path, system):
    plan = planned(tmp_path, **at_full_size(system, 2, 256))
    on_gpu = plan.resources_of(plan.train(system, "place2")).mem_mb
    assert MEASURED[system] < on_gpu - CUDA < 2 * MEASURED[system]


def test_memory_grows_with_batch_size_pixels_and_network(tmp_path):
    def memory(system: str, batch: int, size: int) -> int:
        plan = planned(tmp_path, **at_full_size(system, batch, size))
        return plan.resources_of(plan.train(system, "place2")).mem_mb

    one, two, four = (memory("aotgan", batch, 128) for batch in (1, 2, 4))
    assert one < two < four and abs((four - two) - 2 * (two - one)) <= 5
    assert abs(memory("aotgan", 1, 256) - memory("aotgan", 4, 128)) <= 3  # equally many pixels
    assert memory("aotgan", 4, 256) > memory("partialconv", 4, 256)


def test_time_grows_with_iterations_and_ends_at_a_week(tmp_path):
    def minutes(**budget) -> int:
        plan = planned(tmp_path, systems={"aotgan": None}, training={"batch_size": 2, **budget})
        return plan.resources_of(plan.train("aotgan", "place2")).runtime

    few, many = minutes(iterations=10**5), minutes(iterations=10**6)
    assert few < many and minutes(iterations=10**9) == 7 * 24 * 60
    assert minutes(seconds=7200) == 10 + 120


def test_a_training_set_beyond_the_memory_needs_its_decoded_size_on_the_disk(tmp_path):
    sets = deepcopy(DEMONSTRATION["image_sets"])
    name = DEMONSTRATION["sources"]["place2"]["train"]

    def disk(count: int) -> int:
        sets[name]["count"] = count
        plan = planned(tmp_path, image_sets=sets, image_size=256)
        return plan.resources_of(plan.train("aotgan", "place2")).disk_mb

    few, many, more = disk(10), disk(20_000), disk(40_000)
    assert disk(10_000) == few and many - few > 3900 and more - many == pytest.approx(3932, abs=2)


def test_a_training_on_several_devices_asks_for_as_many_and_parts_need_less_memory(tmp_path):
    def asked(**budget):
        plan = planned(
            tmp_path,
            systems={"aotgan": None, "madf": {"training": {"devices": 1}}},
            image_size=256,
            training={"iterations": 9, "batch_size": 8, **budget},
        )
        return plan, plan.resources_of(plan.train("aotgan", "place2"))

    plan, two = asked(devices=2)
    assert (two.gpu, two.threads) == (2, 2)
    assert plan.threads("train")({"system": "aotgan", "source": "place2"}) == 2
    other = plan.resources_of(plan.train("madf", "place2"))
    assert (other.gpu, other.threads) == (1, 1)
    _, one = asked()
    _, four = asked(accumulate=4)
    _, both = asked(accumulate=2, devices=2)
    assert (one.gpu, one.threads, four.gpu) == (1, 1, 1)
    assert four.mem_mb < both.mem_mb < one.mem_mb < two.mem_mb


def test_a_job_of_several_threads_starts_before_all_narrower_ones_in_its_place(tmp_path):
    sets = deepcopy(DEMONSTRATION["image_sets"])
    one, two, three = (DEMONSTRATION["sources"]["place2"]["train"], *DEMONSTRATION["test_sets"][:2])
    for name, count in ((one, 499), (two, 500), (three, 1499)):
        sets[name]["count"] = count
    plan = planned(tmp_path, image_sets=sets)
    assert [plan.resources_of(plan.stage(name)).threads for name in (one, two, three)] == [1, 2, 3]
    training = plan.priority("train")({"system": "aotgan", "source": "place2"})
    narrow, wide, widest = (plan.priority("stage")({"image_set": name}) for name in (one, two, three))
    assert narrow == 0 < training and 2 * training < wide and wide + training < widest
    assert 8 * training < plan.priority("check_splits")({})


@pytest.mark.slow
def test_the_rules_start_wide_jobs_first_then_trainings(here, clone):
    said = run_snakemake(here, "-s", str(clone / "Snakefile"), "-n", "--configfile", str(ROOT / "config/config.yaml"))
    found = {
        name: {
            int(each)
            for each in re.findall(rf"^(?:local)?rule {name}:\n(?:    .*\n)*?    priority: (\d+)$", said, re.M)
        }
        for name in ("stage", "check_splits", "train", "score")
    }
    assert found["train"] == {10} and not found["score"]
    assert min(found["stage"] | found["check_splits"]) > 20 and len(found["stage"]) == 2  # 1856 and 2310 pictures


def test_what_predicts_takes_a_gpu_if_it_has_a_network_and_time_by_its_pictures(tmp_path):
    sets = deepcopy(DEMONSTRATION["image_sets"])
    plan = planned(tmp_path, image_sets=sets)
    name = plan.test_sets[0]
    assert plan.resources_of(plan.predict("telea", "untrained", name)).gpu == 0
    assert plan.resources_of(plan.predict("aotgan", "place2", name)).gpu == 1
    assert plan.resources_of(plan.measure("aotgan")).threads == 8
    few = plan.resources_of(plan.stage(name))
    sets[name]["count"] = 100_000
    many = planned(tmp_path, image_sets=sets)
    assert many.resources_of(many.stage(name)).disk_mb > few.disk_mb
    assert many.resources_of(many.stage(name)).runtime > few.runtime


def test_every_job_of_every_run_without_folders_asks_for_something(tmp_path):
    for config in ("config.yaml", "all.yaml", "ttt_demo.yaml"):
        plan = Plan(read_config(ROOT / "config" / config), tmp_path)
        for job in plan.jobs():
            first, second, fourth = (plan.resources_of(job, attempt) for attempt in (1, 2, 4))
            assert 500 < first.mem_mb < 64_000 and second.mem_mb == fourth.mem_mb == 2 * first.mem_mb, job.name
            assert 0 < first.runtime <= 7 * 24 * 60 and first.disk_mb > 0 and first.threads > 0, job.name


def test_the_demonstration_s_jobs_fit_into_what_they_ask(tmp_path):
    """What its benchmark files said on two virtual cores of an Intel Xeon, the largest of each step (MiB)."""
    plan = planned(tmp_path)
    largest = {"train": 2641, "predict": 680, "score": 819, "export": 750, "verify_export": 1030}
    for stage, mebibytes in largest.items():
        asked = max((plan.resources_of(job) for job in plan.jobs() if job.stage == stage), key=lambda each: each.mem_mb)
        on_cpu = asked.mem_mb - (CUDA if asked.gpu and stage != "train" else 0)
        assert mebibytes * 2**20 / 1e6 < on_cpu < 4 * mebibytes, stage


@pytest.mark.parametrize(
    ("stage", "system", "seconds"), [("train", "aotgan", 130), ("train", "madf", 73), ("score", "aotgan", 3.2)]
)
def test_time_is_asked_for_between_once_and_four_times_what_was_measured(tmp_path, stage, system, seconds):
    """The processor's time in the same benchmark files; every job is given ten minutes more."""
    plan = planned(tmp_path)
    work, *_ = plan._needs(getattr(plan, stage)(system, "place2"))
    assert seconds < work / CPU < 4 * seconds


def test_a_job_s_time_follows_its_metrics_and_how_often_features_are_compared(tmp_path):
    def work(stage: str, **changes) -> float:
        plan = planned(tmp_path, **changes)
        return plan._needs(getattr(plan, stage)("aotgan", "place2"))[0]

    budget = {"iterations": 9, "batch_size": 2}
    often, seldom = (
        work("train", systems={"aotgan": None}, training={**budget, "feature_losses_every": every}) for every in (1, 9)
    )
    assert seldom < often < 9 * seldom
    alex, both, three = (
        work("score", metrics=["psnr", *metrics])
        for metrics in (["lpips_alex"], ["lpips_alex", "lpips_vgg"], ["lpips_alex", "lpips_vgg", "dists"])
    )
    assert 5 * alex < both and three - both == both - alex
    small, large = (work("features", set_metrics=["fid"], image_size=size) for size in (64, 256))
    assert small == large  # Inception sees 299x299


@pytest.mark.slow
def test_the_command_prints_what_is_asked_and_what_was_measured(finished, monkeypatch, capsys):
    monkeypatch.chdir(finished.folder)
    assert main(["resources"]) == 0
    (row,) = [line for line in capsys.readouterr().out.splitlines() if "│ train " in line]
    step, jobs, threads, gpu, memory, runtime, disk, measured, minutes = [cell.strip() for cell in row.split("│")[1:-1]]
    assert (step, jobs, threads, gpu) == ("train", "1", "1", "1")
    (note,) = (finished.folder / "results/small/benchmarks/train").glob("*.jsonl")
    assert float(measured) == round(float(json.loads(note.read_text())["max_rss"]) * 2**20 / 1e6)
    assert float(measured) < float(memory) and float(minutes) < float(runtime) and int(disk) > 0
    assert main(["resources", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == len(Plan(SMALL).jobs()) and {"mem_mb", "runtime", "result"} <= rows[0].keys()


@pytest.mark.slow
def test_a_job_that_dies_of_too_little_memory_is_tried_again_with_twice_as_much(clone, here, tmp_path):
    """The kernel kills with a signal that nothing catches, once: then there is enough."""
    (tmp_path / "first").mkdir()
    (tmp_path / "first/sitecustomize.py").write_text(
        "import os, pathlib, sys\n"
        f"mark = pathlib.Path({str(tmp_path / 'mark')!r})\n"
        "words = pathlib.Path('/proc/self/cmdline').read_bytes().split(b'\\0')\n"
        "if b'predict' in words and not mark.exists():\n"
        "    mark.touch()\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    asked = ("-s", str(clone / "Snakefile"), "--retries", "1", RESULT)
    said = run_snakemake(here, *asked, package=tmp_path / "first")
    assert (tmp_path / "mark").exists() and (here / RESULT).is_file()
    blocks = [block for block in said.split("\n\n") if "rule predict:" in block]
    memory = [int(found) for block in blocks for found in re.findall(r"\bmem_mb=(\d+)", block)]
    assert len(memory) == 2 and memory[1] == 2 * memory[0]
