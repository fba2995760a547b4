# Figures drawn from numbers: training curves, metric by coverage, mean ranks, quality against cost.


rule plot_training:
    input:
        unpack(PLAN.inputs("plot_training")),
    output:
        figure=report(
            PLAN.output("plot_training", "figure"),
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
        digest=PLAN.digest("plot_training"),
        job=PLAN.text("plot_training"),
    shell:
        "python -m lacuna step plot_training --job {params.job:q} > {log:q} 2>&1"


rule plot_coverage:
    input:
        unpack(PLAN.inputs("plot_coverage")),
    output:
        figure=report(
            PLAN.output("plot_coverage", "figure"),
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
        digest=PLAN.digest("plot_coverage"),
        job=PLAN.text("plot_coverage"),
    shell:
        "python -m lacuna step plot_coverage --job {params.job:q} > {log:q} 2>&1"


rule plot_ranks:
    input:
        unpack(PLAN.inputs("plot_ranks")),
    output:
        figure=report(
            PLAN.output("plot_ranks", "figure"),
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
        digest=PLAN.digest("plot_ranks"),
        job=PLAN.text("plot_ranks"),
    shell:
        "python -m lacuna step plot_ranks --job {params.job:q} > {log:q} 2>&1"


rule plot_cost:
    input:
        unpack(PLAN.inputs("plot_cost")),
    output:
        figure=report(
            PLAN.output("plot_cost", "figure"),
            category="Figures",
            subcategory="Cost",
            labels={"figure": "quality against cost"},
            caption="../report/quality_cost.rst",
        ),
        numbers=PLAN.output("plot_cost", "numbers"),
    log:
        f"{PLAN.folder}/logs/plot/quality_cost.log",
    conda:
        "../../envs/report.yaml"
    params:
        digest=PLAN.digest("plot_cost"),
        job=PLAN.text("plot_cost"),
    shell:
        "python -m lacuna step plot_cost --job {params.job:q} > {log:q} 2>&1"
