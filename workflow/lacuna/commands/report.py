"""Write the report: one HTML page that stands alone."""

from lacuna.arguments import json_settings


def add_arguments(parser) -> None:
    parser.add_argument(
        "--settings",
        type=json_settings,
        required=True,
        help="JSON: run, title, demonstration, config, studio, systems, sources, test_sets",
    )
    parser.add_argument("--results", required=True, help="the run's folder, results/<run>")
    parser.add_argument("--commit", default="", help="git commit to name on the page, if known")
    parser.add_argument("--output", required=True, help="HTML file to write")


def run(args) -> None:
    from lacuna.files import atomic
    from lacuna.reporting.page.writing import page

    text = page(args.settings, args.results, args.commit)
    with atomic(args.output) as partial:
        partial.write_text(text, encoding="utf-8")
    print(f"wrote {args.output}, {len(text.encode()) / 2**20:.1f} MiB")
