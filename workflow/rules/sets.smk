# FID, KID, U-IDS and P-IDS: features are extracted once, those of the true images for all systems, and kept.


rule features_of_truth:
    input:
        unpack(PLAN.inputs("features_of_truth")),
    output:
        **PLAN.outputs("features_of_truth"),
    log:
        f"{PLAN.folder}/logs/features/truth.{{test_set}}.log",
    benchmark:
        PLAN.benchmark("features_of_truth")
    conda:
        "../../envs/torch.yaml"
    threads: PLAN.threads("features_of_truth")
    resources:
        **PLAN.resources("features_of_truth"),
    params:
        digest=PLAN.digest("features_of_truth"),
        job=PLAN.text("features_of_truth"),
    shell:
        "python -m lacuna step features_of_truth --job {params.job:q} --gpus {resources.gpu} --threads {threads} > {log:q} 2>&1"


# As `score`, these two take all test sets of a system and a source at once.
rule features:
    input:
        unpack(PLAN.inputs("features")),
    output:
        **PLAN.outputs("features"),
    log:
        f"{PLAN.folder}/logs/features/{{system}}.{{source}}.log",
    benchmark:
        PLAN.benchmark("features")
    wildcard_constraints:
        system="|".join(dict.fromkeys(name for name, _ in [*PLAN.contestants(), *PLAN.control_keys()])),
        source="|".join([*PLAN.names_in_paths("source"), "control"]),
    conda:
        "../../envs/torch.yaml"
    threads: PLAN.threads("features")
    resources:
        **PLAN.resources("features"),
    params:
        digest=PLAN.digest("features"),
        job=PLAN.text("features"),
    shell:
        "python -m lacuna step features --job {params.job:q} --gpus {resources.gpu} --threads {threads} > {log:q} 2>&1"


rule score_set:
    input:
        unpack(PLAN.inputs("score_set")),
    output:
        **PLAN.outputs("score_set"),
    log:
        f"{PLAN.folder}/logs/score_set/{{system}}.{{source}}.log",
    wildcard_constraints:
        system="|".join(dict.fromkeys(name for name, _ in [*PLAN.contestants(), *PLAN.control_keys()])),
        source="|".join([*PLAN.names_in_paths("source"), "control"]),
    conda:
        "../../envs/torch.yaml"
    threads: PLAN.threads("score_set")
    resources:
        **PLAN.resources("score_set"),
    params:
        digest=PLAN.digest("score_set"),
        job=PLAN.text("score_set"),
    shell:
        "python -m lacuna step score_set --job {params.job:q} > {log:q} 2>&1"
