# Sanity rows: mean fill, masked input and ground truth, made for all test sets at once; rule `score` scores them.


rule yardsticks:
    input:
        unpack(PLAN.inputs("yardsticks")),
    output:
        **PLAN.outputs("yardsticks"),
    log:
        f"{PLAN.folder}/logs/yardsticks.log",
    conda:
        "../../envs/data.yaml"
    params:
        digest=PLAN.digest("yardsticks"),
        job=PLAN.text("yardsticks"),
    shell:
        "python -m lacuna step yardsticks --job {params.job:q} > {log:q} 2>&1"
