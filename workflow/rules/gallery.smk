# A page to look through every test image, opened from disk.


rule gallery:
    input:
        pairs=expand(f"{PLAN.folder}/lists/{{name}}.txt", name=PLAN.test_sets),
        predictions=[f"{PLAN.folder}/predictions/{a}/{b}/{c}/index.csv" for a, b, c in PLAN.predictions()],
        scores=[f"{PLAN.folder}/scores/{a}/{b}/{c}.parquet" for a, b, c in PLAN.predictions()],
    output:
        page=f"{PLAN.folder}/gallery/index.html",
        data=f"{PLAN.folder}/gallery/data.js",
    log:
        f"{PLAN.folder}/logs/gallery.log",
    conda:
        "../../envs/report.yaml"
    params:
        settings=lambda wildcards: PLAN.gallery().settings_json,
        digest=PLAN.gallery().digest,
        folder=lambda wildcards, output: Path(output.page).parents[1],
    shell:
        "python -m lacuna gallery --settings {params.settings:q} --results {params.folder}"
        " --output {output.page} > {log} 2>&1"
