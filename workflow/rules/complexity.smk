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


rule tabulate_complexity:
    input:
        unpack(PLAN.inputs("tabulate_complexity")),
    output:
        complexity=report(
            PLAN.output("tabulate_complexity", "complexity"),
            category="Complexity",
            labels={"table": "counts and training cost (tidy)"},
            caption="../report/complexity.rst",
        ),
        latency=report(
            PLAN.output("tabulate_complexity", "latency"),
            category="Complexity",
            labels={"table": "time and memory (tidy)"},
            caption="../report/latency.rst",
        ),
        page=report(
            PLAN.output("tabulate_complexity", "page"),
            category="Complexity",
            labels={"table": "seeds' layout"},
            caption="../report/complexity.rst",
        ),
        texts=PLAN.output("tabulate_complexity", "texts"),
    log:
        f"{PLAN.folder}/logs/tabulate_complexity.log",
    conda:
        "../../envs/report.yaml"
    params:
        digest=PLAN.digest("tabulate_complexity"),
        job=PLAN.text("tabulate_complexity"),
    shell:
        "python -m lacuna step tabulate_complexity --job {params.job:q} > {log:q} 2>&1"
