"""Write the gallery: a page to look through every test image, and the data it shows."""

from lacuna.arguments import json_settings


def add_arguments(parser) -> None:
    parser.add_argument(
        "--settings",
        type=json_settings,
        required=True,
        help="JSON: run, title, demonstration, systems, sources, test_sets, metrics",
    )
    parser.add_argument("--results", required=True, help="the run's folder, results/<run>")
    parser.add_argument("--output", required=True, help="HTML file to write; data.js is written beside it")


def run(args) -> None:
    from pathlib import Path

    from lacuna.files import atomic
    from lacuna.reporting.gallery import DATA_FILE, gallery_data, gallery_page

    output, settings = Path(args.output), args.settings
    data = gallery_data(settings, args.results, output.parent)
    # the data first: a page is never there without them
    for path, text in ((output.with_name(DATA_FILE), data), (output, gallery_page(settings, data))):
        with atomic(path) as partial:
            partial.write_text(text, encoding="utf-8")
        print(f"wrote {path}, {len(text.encode()) / 2**10:.0f} KiB")
