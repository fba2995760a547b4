"""Bring the runtime that the studio computes with in the browser, by npm and its lock file."""

EXAMPLE = "fetch-web-runtime --output results/web_runtime"


def add_arguments(parser) -> None:
    parser.add_argument("--output", required=True, help="folder to write: results/web_runtime")
    parser.add_argument(
        "--optional", action="store_true", help="record the reason and exit 0 if the runtime cannot be installed"
    )


def run(args) -> None:
    from lacuna.errors import LacunaError
    from lacuna.studio.web_runtime import do_without, fetch

    try:
        record = fetch(args.output)
    except LacunaError as error:
        if not args.optional:
            raise
        do_without(args.output, str(error))
        print(f"the studio will be made without its runtime: {error}")
    else:
        print(f"{args.output}: {record['package']} {record['version']}, {len(record['files'])} files")
