# What a reader is handed: one page that stands alone, and what it rests on.


rule resolve_config:
    output:
        config=report(
            PLAN.output("resolve_config", "config"),
            category="Provenance",
            labels={"what": "resolved config"},
            caption="../report/config.rst",
        ),
    log:
        f"{PLAN.folder}/logs/resolve_config.log",
    localrule: True
    conda:
        "../../envs/data.yaml"
    threads: PLAN.threads("resolve_config")
    resources:
        **PLAN.resources("resolve_config"),
    params:
        digest=PLAN.digest("resolve_config"),
        job=PLAN.text("resolve_config"),
    shell:
        "python -m lacuna step resolve_config --job {params.job:q} > {log:q} 2>&1"


rule rulegraph:
    input:
        unpack(PLAN.inputs("rulegraph")),
    output:
        figure=captioned(PLAN.output("rulegraph", "figure"), figures()["rulegraph"], what="rulegraph"),
    log:
        f"{PLAN.folder}/logs/rulegraph.log",
    conda:
        "../../envs/report.yaml"
    threads: PLAN.threads("rulegraph")
    resources:
        **PLAN.resources("rulegraph"),
    params:
        digest=PLAN.digest("rulegraph"),
        job=PLAN.text("rulegraph"),
    shell:
        "python -m lacuna step rulegraph --job {params.job:q} > {log:q} 2>&1"


rule report:
    input:
        unpack(PLAN.inputs("report")),
    output:
        page=report(
            PLAN.output("report", "page"),
            category="Report",
            labels={"what": "the whole report on one page"},
            caption="../report/report.rst",
        ),
    log:
        f"{PLAN.folder}/logs/report.log",
    conda:
        "../../envs/report.yaml"
    threads: PLAN.threads("report")
    resources:
        **PLAN.resources("report"),
    params:
        digest=PLAN.digest("report"),
        job=PLAN.text("report"),
    shell:
        "python -m lacuna step report --job {params.job:q} > {log:q} 2>&1"
