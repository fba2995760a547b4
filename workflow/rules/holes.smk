# What may make each hole of the test sets hard to fill.


rule describe_holes:
    input:
        unpack(PLAN.inputs("describe_holes")),
    output:
        **PLAN.outputs("describe_holes"),
    log:
        f"{PLAN.folder}/logs/describe_holes.log",
    conda:
        "../../envs/report.yaml"
    threads: PLAN.threads("describe_holes")
    resources:
        **PLAN.resources("describe_holes"),
    params:
        digest=PLAN.digest("describe_holes"),
        job=PLAN.text("describe_holes"),
    shell:
        "python -m lacuna step describe_holes --job {params.job:q} > {log:q} 2>&1"
