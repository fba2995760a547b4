# Controls: mean fill, masked input and ground truth, made for all test sets at once; rule `score` scores them.


rule controls:
    input:
        unpack(PLAN.inputs("controls")),
    output:
        **PLAN.outputs("controls"),
    log:
        f"{PLAN.folder}/logs/controls.log",
    conda:
        "../../envs/data.yaml"
    threads: PLAN.threads("controls")
    resources:
        **PLAN.resources("controls"),
    params:
        digest=PLAN.digest("controls"),
        job=PLAN.text("controls"),
    shell:
        "python -m lacuna step controls --job {params.job:q} > {log:q} 2>&1"
