# What the systems cost: counts, time and memory.


# One job a system. Nothing else of this workflow runs beside it.
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
    threads: PLAN.threads("measure")
    resources:
        **PLAN.resources("measure"),
    params:
        digest=PLAN.digest("measure"),
        job=PLAN.text("measure"),
    shell:
        "python -m lacuna step measure --job {params.job:q} --gpus {resources.gpu} --threads {threads} > {log:q} 2>&1"
