"""Write a config, profiles and a Snakefile that uses this workflow into a folder of your own."""

from pathlib import Path

EXAMPLE = "init comparison"
SNAKEFILE = """\
# Made by `lacuna init`: uses the rules of the installed package. Add rules of your own below.
import lacuna.places


configfile: "config/config.yaml"


module lacuna_workflow:
    snakefile:
        str(lacuna.places.SNAKEFILE)
    config:
        config


use rule * from lacuna_workflow
"""


def add_arguments(parser) -> None:
    parser.add_argument("folder", help="folder to make, or one that has none of these files yet")


def run(args) -> None:
    from lacuna.errors import LacunaError
    from lacuna.files import atomic
    from lacuna.places import DEFAULT_CONFIG, DEFAULT_PROFILE, SLURM_PROFILE

    texts = {
        "Snakefile": SNAKEFILE,
        "config/config.yaml": DEFAULT_CONFIG.read_text(encoding="utf-8"),
        "profiles/default/config.yaml": DEFAULT_PROFILE.read_text(encoding="utf-8"),
        "profiles/slurm/config.yaml": SLURM_PROFILE.read_text(encoding="utf-8"),
    }
    files = {Path(args.folder, name): text for name, text in texts.items()}
    for path in files:
        if path.exists():
            raise LacunaError(f"{path} is already there and stays as it is; name another folder")
    for path, text in files.items():
        with atomic(path) as partial:
            partial.write_text(text, encoding="utf-8")
        print(f"wrote {path}")
    print(f"Next: cd {args.folder}, change config/config.yaml, and run snakemake")
