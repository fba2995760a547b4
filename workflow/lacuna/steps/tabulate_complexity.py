"""Derive the tables of counts, times and memory from what was measured."""

from lacuna.files import atomic
from lacuna.reporting import complexity, rendering
from lacuna.reporting.aggregation import write_table


def run(task) -> None:
    settings, folder = task.settings, task.out("complexity").parent
    results = folder.parent
    costs = complexity.complexity(settings, results, complexity.read_published(task.file("published")))
    times = complexity.latency(settings, results)
    tables = []
    if len(costs):
        tables = [complexity.complexity_table(costs, settings), complexity.latency_table(times, settings)]
    texts = {
        "complexity.md": rendering.to_markdown(tables),
        "complexity.html": rendering.to_html_page(tables, f"{settings['title']}: complexity"),
        "complexity.tex": rendering.to_latex(tables),
    }
    write_table(task.out("complexity"), costs)
    write_table(task.out("latency"), times)
    for name, text in texts.items():
        with atomic(folder / name) as partial:
            partial.write_text(text, encoding="utf-8")
    print(f"{len(costs)} rows of counts, {len(times)} rows of times, {len(texts)} tables in {folder}")
