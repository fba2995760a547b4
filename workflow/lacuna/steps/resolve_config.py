"""Write the config that a run really used, defaults and command-line changes included."""

import yaml

from lacuna.files import atomic


def run(task) -> None:
    with atomic(task.out("config")) as partial:
        partial.write_text(yaml.safe_dump(dict(task.settings), sort_keys=True, allow_unicode=True))
    print(f"wrote {task.out('config')}")
