# Pretrained feature networks, verified by SHA-256; shared by all runs.


rule fetch_backbone:
    output:
        "results/backbones/{backbone}.{extension,safetensors|pt}",
    log:
        "results/backbones/logs/{backbone}.{extension}.log",
    retries: 2
    conda:
        "../../envs/torch.yaml"
    params:
        digest=lambda wildcards: PLAN.fetch_backbone(wildcards.backbone).digest,
    shell:
        "python -m lacuna fetch-backbone --name {wildcards.backbone} --output {output} > {log} 2>&1"
