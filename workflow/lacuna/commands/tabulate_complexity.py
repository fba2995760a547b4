"""Derive the tables of counts, times and memory from what was measured."""

from pathlib import Path

from lacuna.arguments import json_settings


def add_arguments(parser) -> None:
    parser.add_argument(
        "--settings", type=json_settings, required=True, help="JSON: run, title, demonstration, systems, sources, rows"
    )
    parser.add_argument("--results", required=True, type=Path, help="the run's folder, results/<run>")
    parser.add_argument("--published", required=True, help="CSV of published counts (workflow/published/)")
    parser.add_argument("--output-directory", required=True, type=Path, help="folder to write the tables into")


def run(args) -> None:
    from lacuna.files import atomic
    from lacuna.reporting import complexity, rendering
    from lacuna.reporting.aggregation import write_table

    settings = args.settings
    costs = complexity.complexity(settings, args.results, complexity.read_published(args.published))
    times = complexity.latency(settings, args.results)
    tables = []
    if len(costs):
        tables = [complexity.complexity_table(costs, settings), complexity.latency_table(times, settings)]
    texts = {
        "complexity.md": rendering.to_markdown(tables),
        "complexity.html": rendering.to_html_page(tables, f"{settings['title']}: complexity"),
        "complexity.tex": rendering.to_latex(tables),
    }
    write_table(args.output_directory / "complexity.csv", costs)
    write_table(args.output_directory / "latency.csv", times)
    for name, text in texts.items():
        with atomic(args.output_directory / name) as partial:
            partial.write_text(text, encoding="utf-8")
    print(f"{len(costs)} rows of counts, {len(times)} rows of times, {len(texts)} tables in {args.output_directory}")
