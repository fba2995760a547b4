# A page that paints: static files, and what computes in the browser.


# Shared by all runs. A machine without npm or without a registry gets the reason in place of the files, and goes on.
rule fetch_web_runtime:
    output:
        directory("results/web_runtime"),
    log:
        f"{PLAN.folder}/logs/fetch_web_runtime.log",
    conda:
        "../../envs/torch.yaml"
    params:
        digest=lambda wildcards: PLAN.fetch_web_runtime().digest,
    shell:
        "python -m lacuna fetch-web-runtime --optional --output {output} > {log} 2>&1"


rule studio:
    input:
        runtime=rules.fetch_web_runtime.output,
        exports=[f"{PLAN.folder}/export/{a}/{b}/record.json" for a, b in PLAN.exports()],
        pairs=expand(f"{PLAN.folder}/lists/{{name}}.txt", name=PLAN.test_sets),
    output:
        directory(f"{PLAN.folder}/studio"),
    log:
        f"{PLAN.folder}/logs/studio.log",
    conda:
        "../../envs/report.yaml"
    params:
        settings=lambda wildcards: PLAN.studio().settings_json,
        digest=lambda wildcards: PLAN.studio().digest,
        folder=lambda wildcards, output: Path(output[0]).parent,
    shell:
        "python -m lacuna make-studio --settings {params.settings:q} --results {params.folder}"
        " --runtime {input.runtime} --output {output} > {log} 2>&1"
