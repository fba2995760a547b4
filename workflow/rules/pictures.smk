# Figures of pictures: the seeds' qualitative grids; best, median and worst; failures.


rule plot_qualitative:
    input:
        pairs=f"{PLAN.folder}/lists/{{test_set}}.txt",
        predictions=lambda wildcards: [
            f"{PLAN.folder}/predictions/{a}/{b}/{c}/index.csv"
            for a, b, c in PLAN.predictions()
            if c == wildcards.test_set
        ],
    output:
        report(
            f"{PLAN.folder}/figures/qualitative_{{test_set}}.png",
            category="Figures",
            subcategory="Qualitative",
            labels={"test set": "{test_set}"},
            caption="../report/qualitative.rst",
        ),
    log:
        f"{PLAN.folder}/logs/plot/qualitative_{{test_set}}.log",
    conda:
        "../../envs/report.yaml"
    params:
        settings=lambda wildcards: PLAN.plot_qualitative(wildcards.test_set).settings_json,
        digest=lambda wildcards: PLAN.plot_qualitative(wildcards.test_set).digest,
    shell:
        "python -m lacuna plot qualitative --settings {params.settings:q} --list {input.pairs}"
        " --predictions {input.predictions} --output {output} > {log} 2>&1"


rule plot_examples:
    input:
        scores=[f"{PLAN.folder}/scores/{a}/{b}/{c}.parquet" for a, b, c in PLAN.predictions()],
        predictions=[f"{PLAN.folder}/predictions/{a}/{b}/{c}/index.csv" for a, b, c in PLAN.predictions()],
    output:
        examples=report(
            f"{PLAN.folder}/figures/examples.png",
            category="Figures",
            subcategory="Examples",
            labels={"figure": "best, median, worst"},
            caption="../report/examples.rst",
        ),
        failures=report(
            f"{PLAN.folder}/figures/failures.png",
            category="Figures",
            subcategory="Examples",
            labels={"figure": "failures"},
            caption="../report/failures.rst",
        ),
        listed=f"{PLAN.folder}/figures/failures.csv",
    log:
        f"{PLAN.folder}/logs/plot/examples.log",
    conda:
        "../../envs/report.yaml"
    params:
        settings=lambda wildcards: PLAN.plot_examples().settings_json,
        digest=PLAN.plot_examples().digest,
    shell:
        "python -m lacuna plot examples --settings {params.settings:q} --scores {input.scores}"
        " --predictions {input.predictions} --output {output.examples} --failures {output.failures} > {log} 2>&1"
