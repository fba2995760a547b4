# Figures: the seeds' qualitative grids, training curves, metric by coverage.


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


rule plot_training:
    input:
        losses=[f"{PLAN.folder}/training/{a}/{b}/losses.csv" for a, b in PLAN.trainings()],
        validation=[f"{PLAN.folder}/training/{a}/{b}/validation.csv" for a, b in PLAN.trainings()],
    output:
        report(
            f"{PLAN.folder}/figures/training_curves.png",
            category="Figures",
            subcategory="Training",
            labels={"figure": "training curves"},
            caption="../report/training_curves.rst",
        ),
    log:
        f"{PLAN.folder}/logs/plot/training_curves.log",
    conda:
        "../../envs/report.yaml"
    params:
        settings=lambda wildcards: PLAN.plot_training().settings_json,
        digest=PLAN.plot_training().digest,
    shell:
        "python -m lacuna plot training --settings {params.settings:q} --losses {input.losses}"
        " --validation {input.validation} --output {output} > {log} 2>&1"


rule plot_coverage:
    input:
        [f"{PLAN.folder}/scores/{a}/{b}/{c}.parquet" for a, b, c in PLAN.predictions()],
    output:
        report(
            f"{PLAN.folder}/figures/metric_by_coverage.png",
            category="Figures",
            subcategory="Coverage",
            labels={"figure": "metric by coverage"},
            caption="../report/coverage.rst",
        ),
    log:
        f"{PLAN.folder}/logs/plot/metric_by_coverage.log",
    conda:
        "../../envs/report.yaml"
    params:
        settings=lambda wildcards: PLAN.plot_coverage().settings_json,
        digest=PLAN.plot_coverage().digest,
    shell:
        "python -m lacuna plot coverage --settings {params.settings:q} --scores {input} --output {output} > {log} 2>&1"


rule plot_ranks:
    input:
        [f"{PLAN.folder}/scores/{a}/{b}/{c}.parquet" for a, b, c in PLAN.predictions()],
    output:
        report(
            f"{PLAN.folder}/figures/critical_difference.png",
            category="Figures",
            subcategory="Ranks",
            labels={"figure": "mean ranks"},
            caption="../report/critical_difference.rst",
        ),
    log:
        f"{PLAN.folder}/logs/plot/critical_difference.log",
    conda:
        "../../envs/report.yaml"
    params:
        settings=lambda wildcards: PLAN.plot_ranks().settings_json,
        digest=PLAN.plot_ranks().digest,
    shell:
        "python -m lacuna plot ranks --settings {params.settings:q} --scores {input} --output {output} > {log} 2>&1"
