# Trained networks as ONNX files, the proof that they draw the same, and the tables of both.


# A system that ONNX cannot hold has a record with the reason, and no graphs: what needs these asks for the record.
rule export:
    input:
        weights=PLAN.weights_of,
    output:
        f"{PLAN.folder}/export/{{system}}/{{source}}/record.json",
    log:
        f"{PLAN.folder}/logs/export/{{system}}.{{source}}.log",
    benchmark:
        f"{PLAN.folder}/benchmarks/export/{{system}}.{{source}}.jsonl"
    conda:
        "../../envs/torch.yaml"
    params:
        settings=lambda wildcards: PLAN.export(wildcards.system, wildcards.source).settings_json,
        digest=lambda wildcards: PLAN.export(wildcards.system, wildcards.source).digest,
    shell:
        "python -m lacuna export --settings {params.settings:q} --weights {input.weights} --threads {threads}"
        " --output {output} > {log} 2>&1"


rule verify_export:
    input:
        record=rules.export.output,
        weights=PLAN.weights_of,
        lists=expand(f"{PLAN.folder}/lists/{{name}}.txt", name=PLAN.test_sets),
        backbones=lambda wildcards: PLAN.backbone_files("score", wildcards.system),
    output:
        parity=f"{PLAN.folder}/export/{{system}}/{{source}}/parity.json",
        scores=f"{PLAN.folder}/export/{{system}}/{{source}}/scores.parquet",
    log:
        f"{PLAN.folder}/logs/verify_export/{{system}}.{{source}}.log",
    benchmark:
        f"{PLAN.folder}/benchmarks/verify_export/{{system}}.{{source}}.jsonl"
    conda:
        "../../envs/torch.yaml"
    resources:
        gpu=lambda wildcards: PLAN.uses_gpu(wildcards.system),
    params:
        settings=lambda wildcards: PLAN.verify_export(wildcards.system, wildcards.source).settings_json,
        digest=lambda wildcards: PLAN.verify_export(wildcards.system, wildcards.source).digest,
    shell:
        "python -m lacuna verify-export --settings {params.settings:q} --weights {input.weights}"
        " --exported {input.record} --lists {input.lists} --backbones results/backbones --gpus {resources.gpu}"
        " --threads {threads} --output {output.parity} > {log} 2>&1"


rule tabulate_export:
    input:
        parity=[f"{PLAN.folder}/export/{a}/{b}/parity.json" for a, b in PLAN.exports()],
        scores=[
            f"{PLAN.folder}/scores/{a}/{b}/{c}.parquet" for a, b, c in PLAN.predictions() if (a, b) in PLAN.exports()
        ],
    output:
        export=report(
            f"{PLAN.folder}/tables/export.csv",
            category="Export",
            labels={"table": "ONNX files and their parity"},
            caption="../report/export.rst",
        ),
        metrics=report(
            f"{PLAN.folder}/tables/export_metrics.csv",
            category="Export",
            labels={"table": "metrics in ONNX Runtime"},
            caption="../report/export_metrics.rst",
        ),
    log:
        f"{PLAN.folder}/logs/tabulate_export.log",
    conda:
        "../../envs/report.yaml"
    params:
        settings=lambda wildcards: PLAN.tabulate_export().settings_json,
        digest=PLAN.tabulate_export().digest,
        folder=lambda wildcards, output: Path(output.export).parent,
    shell:
        "python -m lacuna tabulate-export --settings {params.settings:q} --parity {input.parity}"
        " --scores {input.scores} --output-directory {params.folder} > {log} 2>&1"
