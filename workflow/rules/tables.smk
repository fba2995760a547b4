# Tables: one rule for all that are made from the same inputs. What they are: workflow/lacuna/reporting/tables/.


for job in PLAN.table_jobs():

    rule:
        name:
            f"tabulate_{job.key['inputs']}"
        input:
            **PLAN.edges(job),
        output:
            **in_report("tables", job),
        log:
            f"{PLAN.folder}/logs/tabulate/{job.key['inputs']}.log",
        conda:
            "../../envs/report.yaml"
        threads: PLAN.threads("table")
        resources:
            **PLAN.resources("table", job),
        params:
            digest=job.digest,
            job=PLAN.text_of(job),
        shell:
            "python -m lacuna step table --job {params.job:q} > {log:q} 2>&1"
