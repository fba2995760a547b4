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


rule score:
    input:
        pairs=f"{PLAN.folder}/lists/{{test_set}}.txt",
        predictions=rules.predict.output.index,
        backbones=lambda wildcards: PLAN.backbone_files("score", wildcards.system),
    output:
        f"{PLAN.folder}/scores/{{system}}/{{source}}/{{test_set}}.parquet",
    log:
        f"{PLAN.folder}/logs/score/{{system}}.{{source}}.{{test_set}}.log",
    benchmark:
        f"{PLAN.folder}/benchmarks/score/{{system}}.{{source}}.{{test_set}}.jsonl"
    conda:
        "../../envs/torch.yaml"
    params:
        settings=lambda wildcards: PLAN.score(*PLAN.key(wildcards)).settings_json,
        digest=lambda wildcards: PLAN.score(*PLAN.key(wildcards)).digest,
    shell:
        "python -m lacuna score --settings {params.settings:q} --list {input.pairs}"
        " --predictions {input.predictions} --backbones results/backbones --threads {threads}"
        " --output {output} > {log} 2>&1"
