# Raw predictions, stored once, and the rows of scores that are derived from them.


rule predict:
    input:
        pairs=f"{PLAN.folder}/lists/{{test_set}}.txt",
        weights=PLAN.weights_of,
    output:
        index=f"{PLAN.folder}/predictions/{{system}}/{{source}}/{{test_set}}/index.csv",
        record=f"{PLAN.folder}/predictions/{{system}}/{{source}}/{{test_set}}/record.json",
    log:
        f"{PLAN.folder}/logs/predict/{{system}}.{{source}}.{{test_set}}.log",
    benchmark:
        f"{PLAN.folder}/benchmarks/predict/{{system}}.{{source}}.{{test_set}}.jsonl"
    wildcard_constraints:
        system="|".join(PLAN.labels(given=False)) or "(?!)",
    conda:
        "../../envs/torch.yaml"
    resources:
        gpu=lambda wildcards: PLAN.uses_gpu(wildcards.system),
    params:
        settings=lambda wildcards: PLAN.predict(*PLAN.key(wildcards)).settings_json,
        digest=lambda wildcards: PLAN.predict(*PLAN.key(wildcards)).digest,
    shell:
        "python -m lacuna predict --settings {params.settings:q} --list {input.pairs} --weights {input.weights}"
        " --gpus {resources.gpu} --threads {threads} --output {output.index} > {log} 2>&1"


# Somebody else's predictions: paired by file stem, kept as 8-bit PNG like everybody's.
rule import_predictions:
    input:
        pairs=f"{PLAN.folder}/lists/{{test_set}}.txt",
        folder=PLAN.given_folder,
    output:
        index=f"{PLAN.folder}/predictions/{{system}}/{{source}}/{{test_set}}/index.csv",
        record=f"{PLAN.folder}/predictions/{{system}}/{{source}}/{{test_set}}/record.json",
    log:
        f"{PLAN.folder}/logs/import_predictions/{{system}}.{{source}}.{{test_set}}.log",
    wildcard_constraints:
        system="|".join(PLAN.labels(given=True)) or "(?!)",
    conda:
        "../../envs/data.yaml"
    params:
        settings=lambda wildcards: PLAN.predict(*PLAN.key(wildcards)).settings_json,
        digest=lambda wildcards: PLAN.predict(*PLAN.key(wildcards)).digest,
    shell:
        "python -m lacuna import-predictions --settings {params.settings:q} --list {input.pairs}"
        " --folder {input.folder} --output {output.index} > {log} 2>&1"


# One job for all test sets of a system and a source: most of a small job would go into starting torch.
rule score:
    input:
        pairs=expand(f"{PLAN.folder}/lists/{{test_set}}.txt", test_set=PLAN.test_sets),
        predictions=expand(rules.predict.output.index, test_set=PLAN.test_sets, allow_missing=True),
        backbones=lambda wildcards: PLAN.backbone_files("score", wildcards.system),
    output:
        expand(
            f"{PLAN.folder}/scores/{{{{system}}}}/{{{{source}}}}/{{test_set}}.parquet",
            test_set=PLAN.test_sets,
        ),
    log:
        f"{PLAN.folder}/logs/score/{{system}}.{{source}}.log",
    benchmark:
        f"{PLAN.folder}/benchmarks/score/{{system}}.{{source}}.jsonl"
    wildcard_constraints:
        system="|".join([*PLAN.systems, *PLAN.yardsticks]),
        source="|".join([*PLAN.sources, "untrained", "elsewhere", "yardstick"]),
    conda:
        "../../envs/torch.yaml"
    params:
        settings=lambda wildcards: PLAN.score(wildcards.system, wildcards.source).settings_json,
        digest=lambda wildcards: PLAN.score(wildcards.system, wildcards.source).digest,
    shell:
        "python -m lacuna score --settings {params.settings:q} --list {input.pairs}"
        " --predictions {input.predictions} --backbones results/backbones --threads {threads}"
        " --output {output} > {log} 2>&1"
