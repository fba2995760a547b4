# From folders of photographs and mask recipes to path lists.


# What comes from the network, verified by SHA-256; the files are shared by all runs.
rule fetch_data:
    output:
        **PLAN.outputs("fetch_data"),
    log:
        f"{PLAN.folder}/logs/fetch_data/{{image_set}}.log",
    localrule: True
    conda:
        "../../envs/data.yaml"
    threads: PLAN.threads("fetch_data")
    resources:
        **PLAN.resources("fetch_data"),
    params:
        digest=PLAN.digest("fetch_data"),
        job=PLAN.text("fetch_data"),
    shell:
        "python -m lacuna step fetch_data --job {params.job:q} > {log:q} 2>&1"


rule stage:
    input:
        unpack(PLAN.inputs("stage")),
    output:
        index=report(
            PLAN.output("stage", "index"),
            category="Data",
            subcategory="Images",
            labels={"set": "{image_set}", "what": "index"},
            caption="../report/images.rst",
        ),
        card=PLAN.output("stage", "card"),
        quarantine=PLAN.output("stage", "quarantine"),
    log:
        f"{PLAN.folder}/logs/stage/{{image_set}}.log",
    priority: PLAN.priority("stage")
    conda:
        "../../envs/data.yaml"
    threads: PLAN.threads("stage")
    resources:
        **PLAN.resources("stage"),
    params:
        digest=PLAN.digest("stage"),
        job=PLAN.text("stage"),
    shell:
        "python -m lacuna step stage --job {params.job:q} --threads {threads} > {log:q} 2>&1"


rule make_masks:
    output:
        index=report(
            PLAN.output("make_masks", "index"),
            category="Data",
            subcategory="Masks",
            labels={"set": "{mask_set}", "what": "index"},
            caption="../report/masks.rst",
        ),
        card=PLAN.output("make_masks", "card"),
    log:
        f"{PLAN.folder}/logs/make_masks/{{mask_set}}.log",
    conda:
        "../../envs/data.yaml"
    threads: PLAN.threads("make_masks")
    resources:
        **PLAN.resources("make_masks"),
    params:
        digest=PLAN.digest("make_masks"),
        job=PLAN.text("make_masks"),
    shell:
        "python -m lacuna step make_masks --job {params.job:q} > {log:q} 2>&1"


rule pair:
    input:
        unpack(PLAN.inputs("pair")),
    output:
        **PLAN.outputs("pair"),
    log:
        f"{PLAN.folder}/logs/pair/{{image_set}}.log",
    localrule: True
    conda:
        "../../envs/data.yaml"
    threads: PLAN.threads("pair")
    resources:
        **PLAN.resources("pair"),
    params:
        digest=PLAN.digest("pair"),
        job=PLAN.text("pair"),
    shell:
        "python -m lacuna step pair --job {params.job:q} > {log:q} 2>&1"


# Nothing cropped from one photograph may be both trained on and tested on: the tables wait for this check.
rule check_splits:
    input:
        unpack(PLAN.inputs("check_splits")),
    output:
        **PLAN.outputs("check_splits"),
    log:
        f"{PLAN.folder}/logs/check_splits.log",
    priority: PLAN.priority("check_splits")
    conda:
        "../../envs/data.yaml"
    threads: PLAN.threads("check_splits")
    resources:
        **PLAN.resources("check_splits"),
    params:
        digest=PLAN.digest("check_splits"),
        job=PLAN.text("check_splits"),
    shell:
        "python -m lacuna step check_splits --job {params.job:q} --threads {threads} > {log:q} 2>&1"
