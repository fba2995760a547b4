# What people type in the repository: `snakemake`. The workflow itself is workflow/Snakefile.
include: "workflow/Snakefile"


workflow.default_target = "all"  # what a file includes has no say in it
