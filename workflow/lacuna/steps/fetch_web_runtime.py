"""Bring the runtime that the studio computes with; where it cannot be had, write down why and go on."""

from lacuna.errors import LacunaError
from lacuna.studio.web_runtime import do_without, fetch


def run(task) -> None:
    output = task.out("folder")
    try:
        record = fetch(output)
    except LacunaError as error:
        do_without(output, str(error))
        print(f"the studio will be made without its runtime: {error}")
    else:
        print(f"{output}: {record['package']} {record['version']}, {len(record['files'])} files")
