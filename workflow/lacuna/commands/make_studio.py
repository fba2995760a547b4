"""Make the studio: a page that paints holes and fills them in the browser, as static files."""

from lacuna.arguments import json_settings


def add_arguments(parser) -> None:
    parser.add_argument(
        "--settings",
        type=json_settings,
        required=True,
        help="JSON: run, title, demonstration, image_size, systems, sources, test_sets, exports ([system, source], …)",
    )
    parser.add_argument("--results", required=True, help="the run's folder, results/<run>")
    parser.add_argument("--runtime", required=True, help="folder that 'lacuna fetch-web-runtime' made")
    parser.add_argument("--output", required=True, help="folder to write: results/<run>/studio")


def run(args) -> None:
    from lacuna.studio.assembling import assemble

    data = assemble(args.settings, args.results, args.runtime, args.output)
    print(f"{args.output}: {len(data['systems'])} graphs, {len(data['tests'])} test images {data['notice']}".rstrip())
