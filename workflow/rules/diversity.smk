# How much the samples of systems that draw differ from each other; none where one sample is drawn.


# As `score`, for all test sets of a training at once.
rule diversity:
    input:
        unpack(PLAN.inputs("diversity")),
    output:
        **PLAN.outputs("diversity"),
    log:
        f"{PLAN.folder}/logs/diversity/{{system}}.{{source}}.log",
    benchmark:
        PLAN.benchmark("diversity")
    wildcard_constraints:
        system="|".join(PLAN.drawing()) or "(?!)",
        source="|".join([name for _, name in PLAN.sampled()]) or "(?!)",
    conda:
        "../../envs/torch.yaml"
    threads: PLAN.threads("diversity")
    resources:
        **PLAN.resources("diversity"),
    params:
        digest=PLAN.digest("diversity"),
        job=PLAN.text("diversity"),
    shell:
        "python -m lacuna step diversity --job {params.job:q} --threads {threads} > {log:q} 2>&1"
