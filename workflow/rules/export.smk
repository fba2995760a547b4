# Trained networks as ONNX files, the proof that they draw the same, and the tables of both.


# A system that ONNX cannot hold has a record with the reason, and no graphs: what needs these asks for the record.
rule export:
    input:
        unpack(PLAN.inputs("export")),
    output:
        **PLAN.outputs("export"),
    log:
        f"{PLAN.folder}/logs/export/{{system}}.{{source}}.log",
    benchmark:
        PLAN.benchmark("export")
    conda:
        "../../envs/torch.yaml"
    params:
        digest=PLAN.digest("export"),
        job=PLAN.text("export"),
    shell:
        "python -m lacuna step export --job {params.job:q} --threads {threads} > {log:q} 2>&1"


rule verify_export:
    input:
        unpack(PLAN.inputs("verify_export")),
    output:
        **PLAN.outputs("verify_export"),
    log:
        f"{PLAN.folder}/logs/verify_export/{{system}}.{{source}}.log",
    benchmark:
        PLAN.benchmark("verify_export")
    conda:
        "../../envs/torch.yaml"
    resources:
        gpu=lambda wildcards: PLAN.uses_gpu(wildcards.system),
    params:
        digest=PLAN.digest("verify_export"),
        job=PLAN.text("verify_export"),
    shell:
        "python -m lacuna step verify_export --job {params.job:q} --gpus {resources.gpu} --threads {threads} > {log:q} 2>&1"


rule tabulate_export:
    input:
        unpack(PLAN.inputs("tabulate_export")),
    output:
        export=report(
            PLAN.output("tabulate_export", "export"),
            category="Export",
            labels={"table": "ONNX files and their parity"},
            caption="../report/export.rst",
        ),
        metrics=report(
            PLAN.output("tabulate_export", "metrics"),
            category="Export",
            labels={"table": "metrics in ONNX Runtime"},
            caption="../report/export_metrics.rst",
        ),
    log:
        f"{PLAN.folder}/logs/tabulate_export.log",
    conda:
        "../../envs/report.yaml"
    params:
        digest=PLAN.digest("tabulate_export"),
        job=PLAN.text("tabulate_export"),
    shell:
        "python -m lacuna step tabulate_export --job {params.job:q} > {log:q} 2>&1"
