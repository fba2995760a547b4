# Sanity rows: mean fill, masked input and ground truth, made for all test sets at once; rule `score` scores them.


rule yardsticks:
    input:
        expand(f"{PLAN.folder}/lists/{{name}}.txt", name=PLAN.test_sets),
    output:
        [f"{PLAN.folder}/predictions/{a}/{b}/{c}/index.csv" for a, b, c in PLAN.yardstick_predictions()],
    log:
        f"{PLAN.folder}/logs/yardsticks.log",
    conda:
        "../../envs/data.yaml"
    params:
        settings=lambda wildcards: PLAN.make_yardsticks().settings_json,
        digest=PLAN.make_yardsticks().digest,
        folder=lambda wildcards: f"{PLAN.folder}/predictions",
    shell:
        "python -m lacuna yardsticks --settings {params.settings:q} --lists {input}"
        " --output-directory {params.folder} > {log} 2>&1"
