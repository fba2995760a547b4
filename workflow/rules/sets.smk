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


# As `score`, these two take all test sets of a system and a source at once.
rule features:
    input:
        pairs=expand(f"{PLAN.folder}/lists/{{test_set}}.txt", test_set=PLAN.test_sets),
        predictions=expand(rules.predict.output.index, test_set=PLAN.test_sets, allow_missing=True),
        backbones=PLAN.backbone_files("features"),
    output:
        expand(
            f"{PLAN.folder}/features/{{{{system}}}}/{{{{source}}}}/{{test_set}}.safetensors",
            test_set=PLAN.test_sets,
        ),
    log:
        f"{PLAN.folder}/logs/features/{{system}}.{{source}}.log",
    benchmark:
        f"{PLAN.folder}/benchmarks/features/{{system}}.{{source}}.jsonl"
    wildcard_constraints:
        system="|".join([*PLAN.systems, *PLAN.yardsticks]),
        source="|".join([*PLAN.sources, "untrained", "elsewhere", "yardstick"]),
    conda:
        "../../envs/torch.yaml"
    resources:
        gpu=1,
    params:
        settings=lambda wildcards: PLAN.features(wildcards.system, wildcards.source).settings_json,
        digest=lambda wildcards: PLAN.features(wildcards.system, wildcards.source).digest,
    shell:
        "python -m lacuna features --settings {params.settings:q} --list {input.pairs}"
        " --predictions {input.predictions} --prediction composite raw --backbones results/backbones"
        " --gpus {resources.gpu} --threads {threads} --output {output} > {log} 2>&1"


rule score_set:
    input:
        features=rules.features.output,
        reference=expand(rules.features_of_truth.output, test_set=PLAN.test_sets),
    output:
        expand(
            f"{PLAN.folder}/set_scores/{{{{system}}}}/{{{{source}}}}/{{test_set}}.parquet",
            test_set=PLAN.test_sets,
        ),
    log:
        f"{PLAN.folder}/logs/score_set/{{system}}.{{source}}.log",
    wildcard_constraints:
        system="|".join([*PLAN.systems, *PLAN.yardsticks]),
        source="|".join([*PLAN.sources, "untrained", "elsewhere", "yardstick"]),
    conda:
        "../../envs/torch.yaml"
    params:
        settings=lambda wildcards: PLAN.score_set(wildcards.system, wildcards.source).settings_json,
        digest=lambda wildcards: PLAN.score_set(wildcards.system, wildcards.source).digest,
    shell:
        "python -m lacuna score-set --settings {params.settings:q} --features {input.features}"
        " --reference {input.reference} --output {output} > {log} 2>&1"
