# A page that asks people which of two fills is better, and the key that says whose they are.


rule votes:
    input:
        unpack(PLAN.inputs("votes")),
    output:
        folder=directory(PLAN.output("votes", "folder")),
        key=PLAN.output("votes", "key"),
    log:
        f"{PLAN.folder}/logs/votes.log",
    conda:
        "../../envs/report.yaml"
    threads: PLAN.threads("votes")
    resources:
        **PLAN.resources("votes"),
    params:
        digest=PLAN.digest("votes"),
        job=PLAN.text("votes"),
    shell:
        "python -m lacuna step votes --job {params.job:q} > {log:q} 2>&1"
