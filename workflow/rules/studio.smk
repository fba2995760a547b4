# A page that paints: static files, and what computes in the browser.


# Shared by all runs. A machine without npm or without a registry gets the reason in place of the files, and goes on.
rule fetch_web_runtime:
    output:
        folder=directory(PLAN.output("fetch_web_runtime", "folder")),
    log:
        f"{PLAN.folder}/logs/fetch_web_runtime.log",
    localrule: True
    conda:
        "../../envs/torch.yaml"
    threads: PLAN.threads("fetch_web_runtime")
    resources:
        **PLAN.resources("fetch_web_runtime"),
    params:
        digest=PLAN.digest("fetch_web_runtime"),
        job=PLAN.text("fetch_web_runtime"),
    shell:
        "python -m lacuna step fetch_web_runtime --job {params.job:q} > {log:q} 2>&1"


rule studio:
    input:
        unpack(PLAN.inputs("studio")),
    output:
        folder=directory(PLAN.output("studio", "folder")),
    log:
        f"{PLAN.folder}/logs/studio.log",
    conda:
        "../../envs/report.yaml"
    threads: PLAN.threads("studio")
    resources:
        **PLAN.resources("studio"),
    params:
        digest=PLAN.digest("studio"),
        job=PLAN.text("studio"),
    shell:
        "python -m lacuna step studio --job {params.job:q} > {log:q} 2>&1"
