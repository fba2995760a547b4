# Raw predictions, stored once, and the rows of scores that are derived from them.


rule predict:
    input:
        unpack(PLAN.inputs("predict")),
    output:
        **PLAN.outputs("predict"),
    log:
        f"{PLAN.folder}/logs/predict/{{system}}.{{source}}.{{test_set}}.log",
    benchmark:
        PLAN.benchmark("predict")
    wildcard_constraints:
        system="|".join(PLAN.labels(given=False)) or "(?!)",
    conda:
        "../../envs/torch.yaml"
    threads: PLAN.threads("predict")
    resources:
        **PLAN.resources("predict"),
    params:
        digest=PLAN.digest("predict"),
        job=PLAN.text("predict"),
    shell:
        "python -m lacuna step predict --job {params.job:q} --gpus {resources.gpu} --threads {threads} > {log:q} 2>&1"


# Some pictures of a large test set, where the config says `scatter`; `predict` then puts the parts together.
rule predict_part:
    input:
        unpack(PLAN.inputs("predict_part")),
    output:
        **PLAN.outputs("predict_part"),
    log:
        f"{PLAN.folder}/logs/predict_part/{{system}}.{{source}}.{{test_set}}.{{part}}.log",
    benchmark:
        PLAN.benchmark("predict_part")
    wildcard_constraints:
        system="|".join(PLAN.labels(given=False)) or "(?!)",
        part=r"\d+",
    conda:
        "../../envs/torch.yaml"
    threads: PLAN.threads("predict_part")
    resources:
        **PLAN.resources("predict_part"),
    params:
        digest=PLAN.digest("predict_part"),
        job=PLAN.text("predict_part"),
    shell:
        "python -m lacuna step predict_part --job {params.job:q} --gpus {resources.gpu} --threads {threads} > {log:q} 2>&1"


# Somebody else's predictions: paired by file stem, kept as 8-bit PNG like everybody's.
rule import_predictions:
    input:
        unpack(PLAN.inputs("import_predictions")),
    output:
        **PLAN.outputs("import_predictions"),
    log:
        f"{PLAN.folder}/logs/import_predictions/{{system}}.{{source}}.{{test_set}}.log",
    wildcard_constraints:
        system="|".join(PLAN.labels(given=True)) or "(?!)",
    conda:
        "../../envs/data.yaml"
    threads: PLAN.threads("import_predictions")
    resources:
        **PLAN.resources("import_predictions"),
    params:
        digest=PLAN.digest("import_predictions"),
        job=PLAN.text("import_predictions"),
    shell:
        "python -m lacuna step import_predictions --job {params.job:q} > {log:q} 2>&1"


# Somebody's program or network: tried first, then asked for every picture.
rule predict_outside:
    input:
        unpack(PLAN.inputs("predict_outside")),
    output:
        **PLAN.outputs("predict_outside"),
    log:
        f"{PLAN.folder}/logs/predict_outside/{{system}}.{{source}}.{{test_set}}.log",
    benchmark:
        PLAN.benchmark("predict_outside")
    wildcard_constraints:
        system="|".join(PLAN.outside()) or "(?!)",
    conda:
        "../../envs/torch.yaml"
    threads: PLAN.threads("predict_outside")
    resources:
        **PLAN.resources("predict_outside"),
    params:
        digest=PLAN.digest("predict_outside"),
        job=PLAN.text("predict_outside"),
    shell:
        "python -m lacuna step predict_outside --job {params.job:q} --gpus {resources.gpu} --threads {threads} > {log:q} 2>&1"


# One job for all test sets of a system and a source: most of a small job would go into starting torch.
rule score:
    input:
        unpack(PLAN.inputs("score")),
    output:
        **PLAN.outputs("score"),
    log:
        f"{PLAN.folder}/logs/score/{{system}}.{{source}}.log",
    benchmark:
        PLAN.benchmark("score")
    wildcard_constraints:
        system="|".join(dict.fromkeys(name for name, _ in [*PLAN.contestants(), *PLAN.control_keys()])),
        source="|".join([*PLAN.names_in_paths("source"), "control"]),
    conda:
        "../../envs/torch.yaml"
    threads: PLAN.threads("score")
    resources:
        **PLAN.resources("score"),
    params:
        digest=PLAN.digest("score"),
        job=PLAN.text("score"),
    shell:
        "python -m lacuna step score --job {params.job:q} --threads {threads} > {log:q} 2>&1"


rule score_part:
    input:
        unpack(PLAN.inputs("score_part")),
    output:
        **PLAN.outputs("score_part"),
    log:
        f"{PLAN.folder}/logs/score_part/{{system}}.{{source}}.{{test_set}}.{{part}}.log",
    benchmark:
        PLAN.benchmark("score_part")
    wildcard_constraints:
        system="|".join(dict.fromkeys(name for name, _ in [*PLAN.contestants(), *PLAN.control_keys()])),
        source="|".join([*PLAN.sources, "untrained", "elsewhere", "control"]),
        part=r"\d+",
    conda:
        "../../envs/torch.yaml"
    threads: PLAN.threads("score_part")
    resources:
        **PLAN.resources("score_part"),
    params:
        digest=PLAN.digest("score_part"),
        job=PLAN.text("score_part"),
    shell:
        "python -m lacuna step score_part --job {params.job:q} --threads {threads} > {log:q} 2>&1"
