# Trained networks as ONNX files, and the proof that they draw the same.


# A system that ONNX cannot hold has a record with the reason, and no graphs: what needs these asks for the record.
rule export:
    input:
        unpack(PLAN.inputs("export")),
    output:
        **PLAN.outputs("export"),
    log:
        f"{PLAN.folder}/logs/export/{{system}}.{{source}}.log",
    benchmark:
        PLAN.benchmark("export")
    wildcard_constraints:
        system="|".join(PLAN.labels(given=False)) or "(?!)",
    conda:
        "../../envs/torch.yaml"
    threads: PLAN.threads("export")
    resources:
        **PLAN.resources("export"),
    params:
        digest=PLAN.digest("export"),
        job=PLAN.text("export"),
    shell:
        "python -m lacuna step export --job {params.job:q} --threads {threads} > {log:q} 2>&1"


# Somebody's graph as the studio takes it.
rule wrap_outside:
    input:
        unpack(PLAN.inputs("wrap_outside")),
    output:
        **PLAN.outputs("wrap_outside"),
    log:
        f"{PLAN.folder}/logs/wrap_outside/{{system}}.{{source}}.log",
    wildcard_constraints:
        system="|".join(PLAN.outside()) or "(?!)",
    conda:
        "../../envs/torch.yaml"
    threads: PLAN.threads("wrap_outside")
    resources:
        **PLAN.resources("wrap_outside"),
    params:
        digest=PLAN.digest("wrap_outside"),
        job=PLAN.text("wrap_outside"),
    shell:
        "python -m lacuna step wrap_outside --job {params.job:q} --threads {threads} > {log:q} 2>&1"


# As a file of PyTorch's, where a contestant from outside is to be one.
rule script:
    input:
        unpack(PLAN.inputs("script")),
    output:
        **PLAN.outputs("script"),
    log:
        f"{PLAN.folder}/logs/script/{{system}}.{{source}}.log",
    wildcard_constraints:
        system="|".join(PLAN.labels(given=False)) or "(?!)",
    conda:
        "../../envs/torch.yaml"
    threads: PLAN.threads("script")
    resources:
        **PLAN.resources("script"),
    params:
        digest=PLAN.digest("script"),
        job=PLAN.text("script"),
    shell:
        "python -m lacuna step script --job {params.job:q} --threads {threads} > {log:q} 2>&1"


rule verify_export:
    input:
        unpack(PLAN.inputs("verify_export")),
    output:
        **PLAN.outputs("verify_export"),
    log:
        f"{PLAN.folder}/logs/verify_export/{{system}}.{{source}}.log",
    benchmark:
        PLAN.benchmark("verify_export")
    conda:
        "../../envs/torch.yaml"
    threads: PLAN.threads("verify_export")
    resources:
        **PLAN.resources("verify_export"),
    params:
        digest=PLAN.digest("verify_export"),
        job=PLAN.text("verify_export"),
    shell:
        "python -m lacuna step verify_export --job {params.job:q} --gpus {resources.gpu} --threads {threads} > {log:q} 2>&1"
