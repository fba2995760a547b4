# FID, KID, U-IDS and P-IDS: features are extracted once, those of the true images for all systems, and kept.


rule features_of_truth:
    input:
        pairs=f"{PLAN.folder}/lists/{{test_set}}.txt",
        backbones=PLAN.backbone_files("features"),
    output:
        f"{PLAN.folder}/features/truth/{{test_set}}.safetensors",
    log:
        f"{PLAN.folder}/logs/features/truth.{{test_set}}.log",
    benchmark:
        f"{PLAN.folder}/benchmarks/features/truth.{{test_set}}.jsonl"
    conda:
        "../../envs/torch.yaml"
    resources:
        gpu=1,
    params:
        settings=lambda wildcards: PLAN.features_of_truth(wildcards.test_set).settings_json,
        digest=lambda wildcards: PLAN.features_of_truth(wildcards.test_set).digest,
    shell:
        "python -m lacuna features --settings {params.settings:q} --list {input.pairs} --prediction truth"
        " --backbones results/backbones --gpus {resources.gpu} --threads {threads} --output {output} > {log} 2>&1"


rule features:
    input:
        pairs=f"{PLAN.folder}/lists/{{test_set}}.txt",
        predictions=f"{PLAN.folder}/predictions/{{system}}/{{source}}/{{test_set}}/index.csv",
        backbones=PLAN.backbone_files("features"),
    output:
        f"{PLAN.folder}/features/{{system}}/{{source}}/{{test_set}}.safetensors",
    log:
        f"{PLAN.folder}/logs/features/{{system}}.{{source}}.{{test_set}}.log",
    benchmark:
        f"{PLAN.folder}/benchmarks/features/{{system}}.{{source}}.{{test_set}}.jsonl"
    wildcard_constraints:
        system="|".join([*PLAN.systems, *PLAN.yardsticks]),
        source="|".join([*PLAN.sources, "untrained", "elsewhere", "yardstick"]),
    conda:
        "../../envs/torch.yaml"
    resources:
        gpu=1,
    params:
        settings=lambda wildcards: PLAN.features(*PLAN.key(wildcards)).settings_json,
        digest=lambda wildcards: PLAN.features(*PLAN.key(wildcards)).digest,
    shell:
        "python -m lacuna features --settings {params.settings:q} --list {input.pairs}"
        " --predictions {input.predictions} --prediction composite raw --backbones results/backbones"
        " --gpus {resources.gpu} --threads {threads} --output {output} > {log} 2>&1"


rule score_set:
    input:
        features=rules.features.output,
        reference=rules.features_of_truth.output,
    output:
        f"{PLAN.folder}/set_scores/{{system}}/{{source}}/{{test_set}}.parquet",
    log:
        f"{PLAN.folder}/logs/score_set/{{system}}.{{source}}.{{test_set}}.log",
    wildcard_constraints:
        system="|".join([*PLAN.systems, *PLAN.yardsticks]),
        source="|".join([*PLAN.sources, "untrained", "elsewhere", "yardstick"]),
    conda:
        "../../envs/torch.yaml"
    params:
        settings=lambda wildcards: PLAN.score_set(*PLAN.key(wildcards)).settings_json,
        digest=lambda wildcards: PLAN.score_set(*PLAN.key(wildcards)).digest,
    shell:
        "python -m lacuna score-set --settings {params.settings:q} --features {input.features}"
        " --reference {input.reference} --output {output} > {log} 2>&1"
