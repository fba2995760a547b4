# Pretrained feature networks, verified by SHA-256; shared by all runs.


rule fetch_backbone:
    output:
        **PLAN.outputs("fetch_backbone"),
    log:
        "results/backbones/logs/{backbone}.{extension}.log",
    retries: 2
    localrule: True
    conda:
        "../../envs/torch.yaml"
    threads: PLAN.threads("fetch_backbone")
    resources:
        **PLAN.resources("fetch_backbone"),
    params:
        digest=PLAN.digest("fetch_backbone"),
        job=PLAN.text("fetch_backbone"),
    shell:
        "python -m lacuna step fetch_backbone --job {params.job:q} > {log:q} 2>&1"
