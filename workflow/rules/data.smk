# From folders of photographs and mask recipes to path lists.


rule stage:
    output:
        index=report(
            f"{PLAN.folder}/images/{{image_set}}/index.csv",
            category="Data",
            subcategory="Images",
            labels={"set": "{image_set}", "what": "index"},
            caption="../report/images.rst",
        ),
        card=f"{PLAN.folder}/images/{{image_set}}/card.json",
        quarantine=f"{PLAN.folder}/images/{{image_set}}/quarantine.csv",
    log:
        f"{PLAN.folder}/logs/stage/{{image_set}}.log",
    conda:
        "../../envs/data.yaml"
    params:
        settings=lambda wildcards: PLAN.stage(wildcards.image_set).settings_json,
        digest=lambda wildcards: PLAN.stage(wildcards.image_set).digest,
    shell:
        "python -m lacuna stage --settings {params.settings:q} --output {output.index} > {log} 2>&1"


rule make_masks:
    output:
        index=report(
            f"{PLAN.folder}/masks/{{mask_set}}/index.csv",
            category="Data",
            subcategory="Masks",
            labels={"set": "{mask_set}", "what": "index"},
            caption="../report/masks.rst",
        ),
        card=f"{PLAN.folder}/masks/{{mask_set}}/card.json",
    log:
        f"{PLAN.folder}/logs/make_masks/{{mask_set}}.log",
    conda:
        "../../envs/data.yaml"
    params:
        settings=lambda wildcards: PLAN.make_masks(wildcards.mask_set).settings_json,
        digest=lambda wildcards: PLAN.make_masks(wildcards.mask_set).digest,
    shell:
        "python -m lacuna make-masks --settings {params.settings:q} --output {output.index} > {log} 2>&1"


rule pair:
    input:
        images=f"{PLAN.folder}/images/{{image_set}}/index.csv",
        masks=lambda wildcards: f"{PLAN.folder}/masks/{PLAN.masks_for(wildcards.image_set)}/index.csv",
    output:
        f"{PLAN.folder}/lists/{{image_set}}.txt",
    log:
        f"{PLAN.folder}/logs/pair/{{image_set}}.log",
    conda:
        "../../envs/data.yaml"
    params:
        settings=lambda wildcards: PLAN.pair(wildcards.image_set).settings_json,
        digest=lambda wildcards: PLAN.pair(wildcards.image_set).digest,
    shell:
        "python -m lacuna pair --settings {params.settings:q}"
        " --images {input.images} --masks {input.masks} --output {output} > {log} 2>&1"


# Nothing cropped from one photograph may be both trained on and tested on: the tables wait for this check.
rule check_splits:
    input:
        training=expand(f"{PLAN.folder}/images/{{name}}/index.csv", name=PLAN.role_sets("train")),
        evaluation=expand(
            f"{PLAN.folder}/images/{{name}}/index.csv", name=PLAN.role_sets("validation") + PLAN.role_sets("test")
        ),
    output:
        f"{PLAN.folder}/images/splits.json",
    log:
        f"{PLAN.folder}/logs/check_splits.log",
    conda:
        "../../envs/data.yaml"
    params:
        digest=PLAN.check_splits().digest,
    shell:
        "python -m lacuna check-splits --training {input.training} --evaluation {input.evaluation}"
        " --output {output} > {log} 2>&1"
