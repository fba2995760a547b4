# Tables are derived: the rows of scores are the truth.


rule tabulate:
    input:
        scores=[f"{PLAN.folder}/scores/{a}/{b}/{c}.parquet" for a, b, c in PLAN.predictions()],
        validation=[f"{PLAN.folder}/training/{a}/{b}/validation.csv" for a, b in PLAN.trainings()],
        validation_lists=[f"{PLAN.folder}/lists/{entry['validation']}.txt" for entry in PLAN.sources.values()],
        yardsticks=[f"{PLAN.folder}/scores/{a}/{b}/{c}.parquet" for a, b, c in PLAN.yardstick_predictions()],
        set_scores=[
            f"{PLAN.folder}/set_scores/{a}/{b}/{c}.parquet" for a, b in PLAN.scored_as_sets() for c in PLAN.test_sets
        ],
        splits=rules.check_splits.output,
        published="workflow/published/seeds.csv",
    output:
        quantitative=report(
            f"{PLAN.folder}/tables/quantitative.csv",
            category="Tables",
            labels={"table": "quantitative (tidy)"},
            caption="../report/quantitative.rst",
        ),
        by_coverage=report(
            f"{PLAN.folder}/tables/by_coverage.csv",
            category="Tables",
            labels={"table": "by coverage"},
            caption="../report/by_coverage.rst",
        ),
        training=report(
            f"{PLAN.folder}/tables/training.csv",
            category="Tables",
            labels={"table": "initialisation against trained"},
            caption="../report/training_table.rst",
        ),
        leaderboard=report(
            f"{PLAN.folder}/tables/leaderboard.csv",
            category="Tables",
            labels={"table": "leaderboard with intervals"},
            caption="../report/leaderboard.rst",
        ),
        pairs=report(
            f"{PLAN.folder}/tables/statistics_pairs.csv",
            category="Tables",
            labels={"table": "pairs of systems, tested"},
            caption="../report/statistics_pairs.rst",
        ),
        ranks=report(
            f"{PLAN.folder}/tables/statistics_ranks.csv",
            category="Tables",
            labels={"table": "mean ranks"},
            caption="../report/statistics_ranks.rst",
        ),
        cross=report(
            f"{PLAN.folder}/tables/cross.csv",
            category="Tables",
            labels={"table": "training source against test set"},
            caption="../report/cross.rst",
        ),
        published=report(
            f"{PLAN.folder}/tables/published_comparison.csv",
            category="Tables",
            labels={"table": "beside the published means"},
            caption="../report/published_comparison.rst",
        ),
        sanity=report(
            f"{PLAN.folder}/tables/sanity.csv",
            category="Tables",
            labels={"table": "sanity rows"},
            caption="../report/sanity.rst",
        ),
        valid_region=report(
            f"{PLAN.folder}/tables/valid_region.csv",
            category="Tables",
            labels={"table": "outside the hole"},
            caption="../report/valid_region.rst",
        ),
        set_scores=report(
            f"{PLAN.folder}/tables/set_scores.csv",
            category="Tables",
            labels={"table": "scores of sets"},
            caption="../report/set_scores.rst",
        ),
        pages=report(
            expand(f"{PLAN.folder}/tables/table_{{source}}.html", source=PLAN.paged_sources()),
            category="Tables",
            labels={"table": "seeds' layout"},
            caption="../report/table.rst",
        ),
        texts=expand(
            f"{PLAN.folder}/tables/table_{{source}}.{{format}}", source=PLAN.paged_sources(), format=["md", "tex"]
        ),
    log:
        f"{PLAN.folder}/logs/tabulate.log",
    conda:
        "../../envs/report.yaml"
    params:
        settings=lambda wildcards: PLAN.tabulate().settings_json,
        digest=PLAN.tabulate().digest,
        folder=lambda wildcards, output: Path(output.quantitative).parent,
    shell:
        "python -m lacuna tabulate --settings {params.settings:q} --scores {input.scores}"
        " --yardsticks {input.yardsticks} --set-scores {input.set_scores} --validation {input.validation}"
        " --validation-lists {input.validation_lists} --published {input.published}"
        " --output-directory {params.folder} > {log} 2>&1"
