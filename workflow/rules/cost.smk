# What the systems cost: counts, time and memory.


# One job a system. It asks for more cores than it needs, so that nothing else of this workflow runs beside it and
# disturbs what is timed.
rule measure:
    input:
        unpack(PLAN.inputs("measure")),
    output:
        **PLAN.outputs("measure"),
    log:
        f"{PLAN.folder}/logs/measure/{{system}}.log",
    wildcard_constraints:
        system="|".join(PLAN.labels(given=False)) or "(?!)",
    conda:
        "../../envs/torch.yaml"
    threads: 8
    resources:
        gpu=lambda wildcards: PLAN.uses_gpu(wildcards.system),
    params:
        digest=PLAN.digest("measure"),
        job=PLAN.text("measure"),
    shell:
        "python -m lacuna step measure --job {params.job:q} --gpus {resources.gpu} --threads {threads} > {log:q} 2>&1"
