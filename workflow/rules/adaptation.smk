# Test-time training: a copy of a network learns on from each test picture, and predicts it. Going on after an interruption
# works from the undeclared `state/`, picture by picture.


rule adapt:
    input:
        unpack(PLAN.inputs("adapt")),
    output:
        **PLAN.outputs("adapt"),
    log:
        f"{PLAN.folder}/logs/adapt/{{experiment}}.{{system}}.{{source}}.{{test_set}}.log",
    benchmark:
        PLAN.benchmark("adapt")
    wildcard_constraints:
        system="|".join(PLAN.adapted_systems()) or "(?!)",
        experiment="|".join(PLAN.experiments) or "(?!)",
        test_set="|".join(PLAN.adapted_test_sets()) or "(?!)",
    priority: PLAN.priority("adapt")
    conda:
        "../../envs/torch.yaml"
    threads: PLAN.threads("adapt")
    resources:
        **PLAN.resources("adapt"),
    params:
        digest=PLAN.digest("adapt"),
        job=PLAN.text("adapt"),
    shell:
        "python -m lacuna step adapt --job {params.job:q} --gpus {resources.gpu} --threads {threads} > {log:q} 2>&1"


# For experiments that fill holes with the most similar training picture.
rule describe_images:
    input:
        unpack(PLAN.inputs("describe_images")),
    output:
        **PLAN.outputs("describe_images"),
    log:
        f"{PLAN.folder}/logs/describe_images/{{image_set}}.log",
    conda:
        "../../envs/torch.yaml"
    threads: PLAN.threads("describe_images")
    resources:
        **PLAN.resources("describe_images"),
    params:
        digest=PLAN.digest("describe_images"),
        job=PLAN.text("describe_images"),
    shell:
        "python -m lacuna step describe_images --job {params.job:q} --threads {threads} > {log:q} 2>&1"


# Masks, augmentations and fills on one picture, for the report; none without an adaptation.
rule draw_adaptation:
    input:
        unpack(PLAN.inputs("draw_adaptation")),
    output:
        figures=each_captioned(PLAN.outputs("draw_adaptation")["figures"], figures()["adaptation_drawings"]),
    log:
        f"{PLAN.folder}/logs/draw_adaptation.log",
    conda:
        "../../envs/torch.yaml"
    threads: PLAN.threads("draw_adaptation")
    resources:
        **PLAN.resources("draw_adaptation"),
    params:
        digest=PLAN.digest("draw_adaptation"),
        job=PLAN.text("draw_adaptation"),
    shell:
        "python -m lacuna step draw_adaptation --job {params.job:q} > {log:q} 2>&1"
