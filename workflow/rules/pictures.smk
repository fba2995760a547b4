# Figures of pictures: the seeds' qualitative grids; best, median and worst; failures.


rule plot_qualitative:
    input:
        unpack(PLAN.inputs("plot_qualitative")),
    output:
        figure=report(
            PLAN.output("plot_qualitative", "figure"),
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
        digest=PLAN.digest("plot_qualitative"),
        job=PLAN.text("plot_qualitative"),
    shell:
        "python -m lacuna step plot_qualitative --job {params.job:q} > {log:q} 2>&1"


rule plot_examples:
    input:
        unpack(PLAN.inputs("plot_examples")),
    output:
        examples=report(
            PLAN.output("plot_examples", "examples"),
            category="Figures",
            subcategory="Examples",
            labels={"figure": "best, median, worst"},
            caption="../report/examples.rst",
        ),
        failures=report(
            PLAN.output("plot_examples", "failures"),
            category="Figures",
            subcategory="Examples",
            labels={"figure": "failures"},
            caption="../report/failures.rst",
        ),
        listed=PLAN.output("plot_examples", "listed"),
    log:
        f"{PLAN.folder}/logs/plot/examples.log",
    conda:
        "../../envs/report.yaml"
    params:
        digest=PLAN.digest("plot_examples"),
        job=PLAN.text("plot_examples"),
    shell:
        "python -m lacuna step plot_examples --job {params.job:q} > {log:q} 2>&1"
