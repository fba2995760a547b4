# What the systems cost: counts, time and memory.


# One job a system: the network is the same whatever source it was trained on; its ONNX file is that of the first source. It asks for more cores than it needs, so
# that nothing else of this workflow runs beside it and disturbs what is timed.
rule measure:
    input:
        exported=lambda wildcards: [
            f"{PLAN.folder}/export/{a}/{b}/record.json" for a, b in PLAN.measured_exports(wildcards.system)
        ],
    output:
        f"{PLAN.folder}/measurements/{{system}}.json",
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
        settings=lambda wildcards: PLAN.measure(wildcards.system).settings_json,
        digest=lambda wildcards: PLAN.measure(wildcards.system).digest,
    shell:
        "python -m lacuna measure --settings {params.settings:q} --exported {input.exported} --gpus {resources.gpu}"
        " --threads {threads} --output {output} > {log} 2>&1"


rule tabulate_complexity:
    input:
        measurements=expand(f"{PLAN.folder}/measurements/{{name}}.json", name=PLAN.labels(given=False)),
        records=[f"{PLAN.folder}/training/{a}/{b}/record.json" for a, b in PLAN.trainings()],
        weights=PLAN.weights_files(),
        published="workflow/published/complexity.csv",
    output:
        complexity=report(
            f"{PLAN.folder}/tables/complexity.csv",
            category="Complexity",
            labels={"table": "counts and training cost (tidy)"},
            caption="../report/complexity.rst",
        ),
        latency=report(
            f"{PLAN.folder}/tables/latency.csv",
            category="Complexity",
            labels={"table": "time and memory (tidy)"},
            caption="../report/latency.rst",
        ),
        page=report(
            f"{PLAN.folder}/tables/complexity.html",
            category="Complexity",
            labels={"table": "seeds' layout"},
            caption="../report/complexity.rst",
        ),
        texts=expand(f"{PLAN.folder}/tables/complexity.{{format}}", format=["md", "tex"]),
    log:
        f"{PLAN.folder}/logs/tabulate_complexity.log",
    conda:
        "../../envs/report.yaml"
    params:
        settings=lambda wildcards: PLAN.tabulate_complexity().settings_json,
        digest=PLAN.tabulate_complexity().digest,
        results=lambda wildcards: PLAN.folder,
        folder=lambda wildcards, output: Path(output.complexity).parent,
    shell:
        "python -m lacuna tabulate-complexity --settings {params.settings:q} --results {params.results}"
        " --published {input.published} --output-directory {params.folder} > {log} 2>&1"
