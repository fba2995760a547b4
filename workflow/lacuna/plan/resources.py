"""What a job asks of a machine: functions of the system, the size, the batch and the number of pictures.

Calibrated on the benchmark files of the demonstration and on trainings at their authors' settings (docs/cluster.md).
Memory is asked with room to spare, because a job that exceeds it dies; time is asked for one core, or for one GPU where
the job takes one. Snakemake does not compare any of it, so that no change here reruns a job.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from lacuna.axes import base_of, sizes_of
from lacuna.data import image_sources, masks
from lacuna.data.fingerprint import matching_files
from lacuna.data.sizes import HELD_BYTES, width_and_height
from lacuna.plan.job import PARTS, Job
from lacuna.plan.showing import Showing
from lacuna.plan.stages import STAGES

# It asks for more cores than it needs, so that nothing else of this workflow runs beside it and disturbs what is timed.
# One thread is as fast as two on small pictures, and without a GPU trainings run side by side.
THREADS = {"measure": 8}
# What works on one picture after the other takes more threads for many of them.
BY_PICTURES = ("stage", "check_splits")
PICTURES_A_THREAD, MOST_THREADS = 500, 8
# Which of the jobs that are ready start first: the longest. What needs no training is predicted and scored beside them.
PRIORITIES = {"train": 10, "adapt": 5}
WIDE = 100  # more than what many jobs of one thread add up to
# What trains, adapts or extracts features asks for a GPU; what predicts with a network, too.
ON_GPU = ("train", "adapt", "features_of_truth", "features")
PREDICTING = ("predict", "predict_part", "predict_outside", "verify_export", "measure")

MB = 10**6
PYTHON = 700  # MB of a process with NumPy, pandas and matplotlib
TORCH = 1000  # MB of a process with torch and the networks of metrics
OUTSIDE = 8000  # MB of somebody's program or network, of which nothing is known
ROOM = 1.25  # of what was measured
# MB more of a process with a context on a GPU; on the CPU, a training takes up to half of it for the features of true
# pictures that it keeps (1 GiB, `nn/kept.py`) and for transformed weights of VGG (`nn/winograd.py`)
CUDA = 3000
STATES = 10  # copies of all parameters that a training keeps on disk: weights, state, state/ with its slots
MINUTES = 10  # for the start, the queue of a slow file system, and reading
LONGEST = 7 * 24 * 60  # minutes: a training that is stopped goes on where it was
CPU, GPU = 1e10, 1e12  # multiply-accumulates a second; two AVX-512 cores reached 3.6e10 each in small trainings
TRAINING = 3  # times the work of a prediction: forward, backward, and again for the losses
OPERATORS = 1.2  # numbers kept for the way back, and their gradients, for one that an operator puts out
LOSSES = 3000  # numbers a pixel that losses keep, mostly features of VGG
OF_PARAMETERS = 6  # values, gradients, Adam's two moments, and what its step makes on the way
WITH_VGG = {"dists", "lpips_vgg"}  # metrics whose network is VGG16
FEATURES = 3e5  # multiply-accumulates a pixel of VGG16, the largest network of losses and metrics
SCORING = 6e4  # the same of a picture, its truth and its composite in AlexNet, and of SSIM's windows
INCEPTION = 6e9  # multiply-accumulates a picture of any size: it is seen at 299x299
PICTURE = 1e5  # what drawing, decoding and encoding takes a pixel, in the time of as many multiply-accumulates


@dataclass(frozen=True)
class Resources:
    """Of one job. runtime: minutes."""

    threads: int
    gpu: int
    mem_mb: int
    runtime: int
    disk_mb: int


class Resourced(Showing):
    """What the jobs of a run ask for."""

    def threads(self, stage: str) -> int | Callable[..., int]:
        """For `threads:` of a rule: one for each device of a training, more where many pictures are staged."""
        if stage not in ("train", *BY_PICTURES):
            return THREADS.get(stage, 1)
        return lambda wildcards: self._threads(self.job(stage, dict(wildcards.items())))

    def priority(self, stage: str) -> Callable[..., int]:
        """For `priority:` of a rule: the more threads a job asks for, the earlier it starts.

        Snakemake keeps no core free for a job that waits for several. Where others want one at a time, a set of
        pictures would be staged only when every training on another source is done. By the square of its threads, a job
        stands above all narrower ones that would fit in its place.
        """
        first = PRIORITIES.get(stage, 0)
        return lambda wildcards: first + WIDE * (self._threads(self.job(stage, dict(wildcards.items()))) ** 2 - 1)

    def resources_of(self, job: Job, attempt: int = 1) -> Resources:
        """What a job asks for; twice the memory at further attempts, as it may have died of too little.

        Not more at the third: a training that its time limit stopped again and again needs no more than at first.
        """
        gpu = self._gpus(job)
        work, memory, disk = self._needs(job)
        seconds = work / (GPU if gpu else CPU)
        return Resources(
            threads=self._threads(job),
            gpu=gpu,
            mem_mb=math.ceil(ROOM * memory + CUDA * gpu) * min(attempt, 2),
            runtime=min(LONGEST, MINUTES + math.ceil(seconds / 60)),
            disk_mb=math.ceil(100 + disk),
        )

    def resources(self, stage: str, job: Job | None = None) -> dict[str, Callable]:
        """For `resources:` of a rule: each by name. job: of a rule that is of one job."""

        def asked(name: str) -> Callable:
            def of(wildcards, attempt):
                found = job or self.job(stage, dict(wildcards.items()))
                return getattr(self.resources_of(found, attempt), name)

            return of

        names = ["mem_mb", "runtime", "disk_mb"] + ["gpu"] * (stage in (*ON_GPU, *PREDICTING))
        return {name: asked(name) for name in names}

    def job(self, stage: str, wildcards: Mapping[str, str]) -> Job:
        """The job of a stage with these wildcards."""
        return getattr(self, stage)(*(wildcards[name] for name in STAGES[stage].wildcards))

    def _threads(self, job: Job) -> int:
        if job.stage not in BY_PICTURES:
            return THREADS.get(job.stage, _devices(job))
        sets = [base_of(job.key["image_set"])] if "image_set" in job.key else self.image_sets()
        return min(MOST_THREADS, 1 + sum(map(self._pictures, sets)) // PICTURES_A_THREAD)

    def _gpus(self, job: Job) -> int:
        if PARTS in job.after and job.stage == "predict":
            return 0
        if job.stage in PREDICTING:
            return self.uses_gpu(job.key["system"])
        return _devices(job) if job.stage in ON_GPU else 0

    def _needs(self, job: Job) -> tuple[float, float, float]:
        """Multiply-accumulates (or what takes as long), megabytes of memory, and megabytes on disk."""
        sizes = sizes_of(job.settings) if "image_size" in job.settings else self.sizes
        pixels = max(math.prod(width_and_height(size)) for size in sizes.values())
        if job.stage == "train":
            return self._needs_of_training(job, pixels)
        if job.stage == "predict_outside":
            rate = GPU if self._gpus(job) else CPU
            return (
                job.settings["entry"]["time_limit"] * rate,
                OUTSIDE,
                pixels * 3 * self._pictures(base_of(job.key["test_set"])) / MB,
            )
        pictures = sum(self._pictures(name) for name in self._sets(job))
        if "part" in job.key:
            pictures = job.settings["stop"] - job.settings["start"]
        stored = pictures * pixels * 3 / MB
        if PARTS in job.after and job.stage == "predict":  # files are linked
            return pictures * PICTURE, PYTHON, stored
        scale = self._facts.get(job.key.get("system", ""), {}).get("scale")
        if job.stage in (*PREDICTING, "export", "adapt") and scale:
            passes, batch, kept = 1, 1, float(scale["activations"])
            if job.stage == "adapt":
                experiment = job.settings["experiment"]
                passes, batch = TRAINING * (experiment["steps"] + 1), experiment["batch_size"]
                kept = OPERATORS * kept + LOSSES
            elif self._facts[job.key["system"]]["kind"] == "fitted":
                passes, kept = TRAINING * scale["iterations"], OPERATORS * kept
            parameters = 4 * scale["parameters"] / MB
            memory = TORCH + OF_PARAMETERS * parameters + 4 * batch * pixels * kept / MB
            return batch * passes * pictures * pixels * scale["macs"], memory, stored + 4 * parameters
        through_vgg = len(WITH_VGG & {*job.settings.get("metrics", ())})
        seen = {
            "diversity": pixels * SCORING * math.comb(self.samples, 2),
            **dict.fromkeys(("score", "score_part"), pixels * (SCORING + 2 * FEATURES * through_vgg)),
            "features": INCEPTION,
            "features_of_truth": INCEPTION,
            **dict.fromkeys(("score_set", "describe_images", "draw_adaptation"), pixels * FEATURES),
        }
        if job.stage in seen:
            return pictures * seen[job.stage], TORCH + 4 * LOSSES * pixels / MB, stored
        return pictures * pixels * PICTURE, PYTHON + 100 * pixels / MB, stored

    def _needs_of_training(self, job: Job, pixels: int) -> tuple[float, float, float]:
        """As `_needs`."""
        scale, budget = self._facts[job.key["system"]]["scale"], job.settings["training"]
        batch = budget.get("batch_size") or scale["batch_size"]
        parameters = 4 * scale["parameters"] / MB
        kept = OPERATORS * scale["activations"] + LOSSES
        devices = _devices(job)
        at_once = math.ceil(batch / (budget.get("accumulate", 1) * devices))
        memory = devices * (TORCH + OF_PARAMETERS * parameters + 4 * at_once * pixels * kept / MB)
        steps = budget.get("iterations") or scale["iterations"]
        work = steps * batch * pixels * (scale["macs"] + FEATURES / budget.get("feature_losses_every", 1)) * TRAINING
        if budget.get("seconds"):
            work = budget["seconds"] * (GPU if self._gpus(job) else CPU)
        decoded = 3 * pixels * self._pictures(self.config["sources"][base_of(job.key["source"])]["train"])
        return work, memory, STATES * parameters + (decoded / MB if decoded > HELD_BYTES else 0)

    def _sets(self, job: Job) -> list[str]:
        """The image or mask sets whose pictures a job goes through; of a whole run those that are reported on."""
        key = job.key
        if name := key.get("image_set") or key.get("mask_set") or key.get("test_set"):
            return [base_of(name)]
        return [*(cell.base for cell in self.cells.values()), *self.unscored_sets]

    @cache  # noqa: B019 - a process has one plan
    def _pictures(self, name: str) -> int:
        """How many pictures a set has, as its entry or its folder says."""
        entry = self.config["image_sets"].get(name) or self.config["mask_sets"][name]
        if entry.get("count"):
            return entry["count"]
        kind = (image_sources if name in self.config["image_sets"] else masks).load(entry["kind"])
        if hasattr(kind, "CARD"):
            return kind.CARD.n
        return len(matching_files(entry["path"], entry.get("pattern", "**/*")).pictures) if "path" in entry else 0


def _devices(job: Job) -> int:
    """On how many devices a job computes."""
    return job.settings["training"].get("devices", 1) if job.stage == "train" else 1
