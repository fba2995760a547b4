"""Where the files lie that Lacuna ships beside its modules: in a checkout around the package, in a wheel inside it."""

from pathlib import Path

PACKAGE = Path(__file__).parent
IN_WHEEL = PACKAGE / "shipped"  # made by setup.py, in the order of the repository
ROOT = IN_WHEEL if IN_WHEEL.is_dir() else PACKAGE.parents[1]

RESULTS = "results"  # below the working directory
WEIGHTS = f"{RESULTS}/weights"  # released ones that were fetched

WORKFLOW = ROOT / "workflow"
SNAKEFILE = WORKFLOW / "Snakefile"
RULES = WORKFLOW / "rules"
PUBLISHED = WORKFLOW / "published"
PUBLISHED_DATA = {"places2": "Places2", "celeba_hq": "CelebA-HQ"}  # what its other_results.csv is about
ENVIRONMENTS = ROOT / "envs"
DEFAULT_CONFIG = ROOT / "config" / "config.yaml"
DEFAULT_PROFILE = ROOT / "profiles" / "default" / "config.yaml"
SLURM_PROFILE = WORKFLOW / "profiles" / "slurm" / "config.yaml"
