# The front door. What is made, and from what, is decided by the config and `workflow/lacuna/plan/`.
#   results/<run>/{images,masks,lists,training,predictions,scores,export,tables,figures}/ and results/<run>/report.html
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")
sys.path.insert(0, str(Path(workflow.basedir, "workflow")))

from lacuna.config.reading import refuse_ambiguous
from lacuna.environment import find_this_python
from lacuna.errors import LacunaError
from lacuna.plan import Plan
from lacuna.provenance.reruns import align
from lacuna.reporting.captions import overview_file

# Not in the profile, where it would beat a profile of the user's; not beside a config of the user's, to which Snakemake
# would add the keys of this one.
if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


find_this_python()
try:
    for path in workflow.configfiles:  # as Snakemake reads them, the last of two equal keys wins without a word
        refuse_ambiguous(path)
    PLAN = Plan(config)
except LacunaError as error:
    sys.exit(f"lacuna: {error}")

# Only where a person starts Snakemake: not in the processes of jobs, not for the rulegraph, not for --lint.
if workflow.is_main_process and not {"--lint", "--rulegraph"} & set(sys.argv):
    if said := align(PLAN):
        print(f"lacuna: {said}", file=sys.stderr)


report: overview_file(PLAN)


wildcard_constraints:
    system="|".join(PLAN.systems),
    source="|".join([*PLAN.sources, "untrained", "elsewhere"]),
    test_set="|".join(PLAN.test_sets),
    image_set="|".join(PLAN.image_sets()),
    mask_set="|".join(PLAN.mask_sets()),


include: "workflow/rules/captions.smk"
include: "workflow/rules/backbones.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/predictions.smk"
include: "workflow/rules/adaptation.smk"
include: "workflow/rules/controls.smk"
include: "workflow/rules/sets.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/cost.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/gallery.smk"
include: "workflow/rules/studio.smk"
include: "workflow/rules/report.smk"


localrules:
    all,
    fetch_backbone,
    fetch_web_runtime,
    pair,
    check_splits,
    resolve_config,


rule all:
    default_target: True
    input:
        [path for job in PLAN.targets() for path in job.files],
