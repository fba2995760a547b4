# Figures drawn from numbers: training curves, metric by coverage, mean ranks, quality against cost.


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


rule plot_cost:
    input:
        scores=[f"{PLAN.folder}/scores/{a}/{b}/{c}.parquet" for a, b, c in PLAN.predictions()],
        records=[f"{PLAN.folder}/predictions/{a}/{b}/{c}/record.json" for a, b, c in PLAN.predictions()],
    output:
        figure=report(
            f"{PLAN.folder}/figures/quality_cost.png",
            category="Figures",
            subcategory="Cost",
            labels={"figure": "quality against cost"},
            caption="../report/quality_cost.rst",
        ),
        numbers=f"{PLAN.folder}/figures/quality_cost.csv",
    log:
        f"{PLAN.folder}/logs/plot/quality_cost.log",
    conda:
        "../../envs/report.yaml"
    params:
        settings=lambda wildcards: PLAN.plot_cost().settings_json,
        digest=PLAN.plot_cost().digest,
    shell:
        "python -m lacuna plot cost --settings {params.settings:q} --scores {input.scores}"
        " --records {input.records} --output {output.figure} > {log} 2>&1"
