# Tables are derived: the rows of scores are the truth.


rule tabulate:
    input:
        unpack(PLAN.inputs("tabulate")),
    output:
        quantitative=report(
            PLAN.output("tabulate", "quantitative"),
            category="Tables",
            labels={"table": "quantitative (tidy)"},
            caption="../report/quantitative.rst",
        ),
        by_coverage=report(
            PLAN.output("tabulate", "by_coverage"),
            category="Tables",
            labels={"table": "by coverage"},
            caption="../report/by_coverage.rst",
        ),
        training=report(
            PLAN.output("tabulate", "training"),
            category="Tables",
            labels={"table": "initialisation against trained"},
            caption="../report/training_table.rst",
        ),
        leaderboard=report(
            PLAN.output("tabulate", "leaderboard"),
            category="Tables",
            labels={"table": "leaderboard with intervals"},
            caption="../report/leaderboard.rst",
        ),
        pairs=report(
            PLAN.output("tabulate", "pairs"),
            category="Tables",
            labels={"table": "pairs of systems, tested"},
            caption="../report/statistics_pairs.rst",
        ),
        ranks=report(
            PLAN.output("tabulate", "ranks"),
            category="Tables",
            labels={"table": "mean ranks"},
            caption="../report/statistics_ranks.rst",
        ),
        cross=report(
            PLAN.output("tabulate", "cross"),
            category="Tables",
            labels={"table": "training source against test set"},
            caption="../report/cross.rst",
        ),
        published=report(
            PLAN.output("tabulate", "published"),
            category="Tables",
            labels={"table": "beside the published means"},
            caption="../report/published_comparison.rst",
        ),
        sanity=report(
            PLAN.output("tabulate", "sanity"),
            category="Tables",
            labels={"table": "sanity rows"},
            caption="../report/sanity.rst",
        ),
        valid_region=report(
            PLAN.output("tabulate", "valid_region"),
            category="Tables",
            labels={"table": "outside the hole"},
            caption="../report/valid_region.rst",
        ),
        set_scores=report(
            PLAN.output("tabulate", "set_scores"),
            category="Tables",
            labels={"table": "scores of sets"},
            caption="../report/set_scores.rst",
        ),
        pages=report(
            PLAN.output("tabulate", "pages"),
            category="Tables",
            labels={"table": "seeds' layout"},
            caption="../report/table.rst",
        ),
        texts=PLAN.output("tabulate", "texts"),
    log:
        f"{PLAN.folder}/logs/tabulate.log",
    conda:
        "../../envs/report.yaml"
    params:
        digest=PLAN.digest("tabulate"),
        job=PLAN.text("tabulate"),
    shell:
        "python -m lacuna step tabulate --job {params.job:q} > {log:q} 2>&1"
