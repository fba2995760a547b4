# Every trained system on every source. Going on works from the undeclared `state/` beside the weights.


rule train:
    input:
        unpack(PLAN.inputs("train")),
    output:
        weights=PLAN.output("train", "weights"),
        state=PLAN.output("train", "state"),
        losses=PLAN.output("train", "losses"),
        validation=PLAN.output("train", "validation"),
        record=PLAN.output("train", "record"),
        samples=captioned(PLAN.output("train", "samples"), figures()["samples"], system="{system}", source="{source}"),
    log:
        f"{PLAN.folder}/logs/train/{{system}}.{{source}}.log",
    benchmark:
        PLAN.benchmark("train")
    priority: PLAN.priority("train")
    conda:
        "../../envs/torch.yaml"
    threads: PLAN.threads("train")
    resources:
        **PLAN.resources("train"),
        # SLURM sends the signal two minutes before the time limit, so that the state of that step is saved.
        slurm_extra="--signal=TERM@120",
        # A training with several devices is one task of SLURM, which starts a process a device itself; two GPUs without
        # this may come from two machines.
        nodes=1,
    params:
        digest=PLAN.digest("train"),
        job=PLAN.text("train"),
    # The signal goes to all processes of the job: without `exec` the shell would die of it, and Snakemake would take the
    # training for dead while it saves.
    shell:
        "exec python -m lacuna step train --job {params.job:q} --gpus {resources.gpu} --threads {threads} > {log:q} 2>&1"
