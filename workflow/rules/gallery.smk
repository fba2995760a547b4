# A page to look through every test image, opened from disk.


rule gallery:
    input:
        unpack(PLAN.inputs("gallery")),
    output:
        **PLAN.outputs("gallery"),
    log:
        f"{PLAN.folder}/logs/gallery.log",
    conda:
        "../../envs/report.yaml"
    threads: PLAN.threads("gallery")
    resources:
        **PLAN.resources("gallery"),
    params:
        digest=PLAN.digest("gallery"),
        job=PLAN.text("gallery"),
    shell:
        "python -m lacuna step gallery --job {params.job:q} > {log:q} 2>&1"
