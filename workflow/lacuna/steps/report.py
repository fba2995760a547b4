"""Write the report: one HTML page that stands alone."""

from lacuna import git, sidecars
from lacuna.files import atomic
from lacuna.reporting.page.writing import page


def run(task) -> None:
    output = task.out("page")
    text = page(task.settings, output.parent, git.described(), sidecars.verdict(output.parent, task.digests))
    with atomic(output) as partial:
        partial.write_text(text, encoding="utf-8")
    print(f"wrote {output}, {len(text.encode()) / 2**20:.1f} MiB")
