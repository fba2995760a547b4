# What a reader is handed: one page that stands alone, and what it rests on.


rule resolve_config:
    output:
        report(
            f"{PLAN.folder}/config.yaml",
            category="Provenance",
            labels={"what": "resolved config"},
            caption="../report/config.rst",
        ),
    log:
        f"{PLAN.folder}/logs/resolve_config.log",
    conda:
        "../../envs/data.yaml"
    params:
        settings=lambda wildcards: PLAN.resolve_config().settings_json,
        digest=PLAN.resolve_config().digest,
    shell:
        "python -m lacuna resolve-config --settings {params.settings:q} --output {output} > {log} 2>&1"


rule rulegraph:
    input:
        rules.resolve_config.output,
    output:
        report(
            f"{PLAN.folder}/figures/rulegraph.svg",
            category="Provenance",
            labels={"what": "rulegraph"},
            caption="../report/rulegraph.rst",
        ),
    log:
        f"{PLAN.folder}/logs/rulegraph.log",
    conda:
        "../../envs/report.yaml"
    params:
        digest=PLAN.rulegraph().digest,
    shell:
        "python -m snakemake --workflow-profile none --configfile {input} --nolock --forceall --rulegraph dot"
        " -- report 2> {log} | python -m lacuna rulegraph --dot - --output {output} >> {log} 2>&1"


rule report:
    input:
        tables=rules.tabulate.output,
        complexity=rules.tabulate_complexity.output,
        cards=expand(f"{PLAN.folder}/images/{{name}}/card.json", name=PLAN.image_sets())
        + expand(f"{PLAN.folder}/masks/{{name}}/card.json", name=PLAN.mask_sets()),
        splits=rules.check_splits.output,
        records=[f"{PLAN.folder}/training/{a}/{b}/record.json" for a, b in PLAN.trainings()]
        + [f"{PLAN.folder}/predictions/{a}/{b}/{c}/record.json" for a, b, c in PLAN.predictions()],
        samples=[f"{PLAN.folder}/training/{a}/{b}/samples.png" for a, b in PLAN.trainings()],
        figures=expand(rules.plot_qualitative.output, test_set=PLAN.test_sets)
        + ([*rules.plot_training.output] if PLAN.trainings() else [])
        + [*rules.plot_coverage.output, *rules.plot_ranks.output, *rules.rulegraph.output]
        + [*rules.plot_cost.output, *rules.plot_examples.output],
        export=rules.tabulate_export.output if PLAN.is_exporting() else [],
        gallery=ancient(rules.gallery.output.page),
        studio=ancient(rules.studio.output[0]) if PLAN.has_studio() else [],
        config=rules.resolve_config.output,
    output:
        report(
            f"{PLAN.folder}/report.html",
            category="Report",
            labels={"what": "the whole report on one page"},
            caption="../report/report.rst",
        ),
    log:
        f"{PLAN.folder}/logs/report.log",
    conda:
        "../../envs/report.yaml"
    params:
        settings=lambda wildcards: PLAN.report().settings_json,
        digest=PLAN.report().digest,
        folder=lambda wildcards, output: Path(output[0]).parent,
    shell:
        "python -m lacuna report --settings {params.settings:q} --results {params.folder}"
        ' --commit "$(git describe --always --dirty 2> /dev/null)" --output {output} > {log} 2>&1'
