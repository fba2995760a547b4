"""The wheel holds the workflow as well: rules, environments, default config and profile, published values."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = ("workflow/Snakefile", "workflow/rules", "workflow/report", "workflow/published", "workflow/schemas", "envs")
SHIPPED += ("workflow/profiles", "config", "profiles", "LICENSE")


class WithWorkflow(build_py):
    """Puts them into `lacuna/shipped/`, in the order of the repository (`lacuna.places`)."""

    def run(self):
        super().run()
        if self.editable_mode:  # they are found where they are
            return
        target = Path(self.build_lib, "lacuna", "shipped")
        shutil.rmtree(target, ignore_errors=True)
        for path in map(Path, SHIPPED):
            for file in [path] if path.is_file() else filter(Path.is_file, path.rglob("*")):
                (target / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target / file)


setup(cmdclass={"build_py": WithWorkflow})
