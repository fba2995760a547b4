# Figures: one rule for all that are made from the same inputs. What they are: workflow/lacuna/reporting/figures/.


for job in PLAN.figure_jobs():

    rule:
        name:
            f"plot_{job.key['inputs']}"
        input:
            **PLAN.edges(job),
        output:
            **in_report("figures", job),
        log:
            f"{PLAN.folder}/logs/plot/{job.key['inputs']}.log",
        conda:
            "../../envs/report.yaml"
        threads: PLAN.threads("figure")
        resources:
            **PLAN.resources("figure", job),
        params:
            digest=job.digest,
            job=PLAN.text_of(job),
        shell:
            "python -m lacuna step figure --job {params.job:q} > {log:q} 2>&1"
