"""Serve a run's studio on this machine: paint a hole into a picture, and fill it in the browser."""

EXAMPLE = "studio --results results/demo --port 0"


def add_arguments(parser) -> None:
    parser.add_argument("--results", default="results/demo", help="folder of the run (default: results/demo)")
    parser.add_argument("--port", type=int, default=8017, help="port on 127.0.0.1; 0: any free port (default: 8017)")


def run(args) -> None:
    from pathlib import Path

    from lacuna.errors import LacunaError
    from lacuna.studio.serving import address_of, server

    folder = Path(args.results) / "studio"
    if not (folder / "index.html").is_file():
        raise LacunaError(
            f"{folder} does not contain a studio; run the rule 'studio' of that run first ('snakemake studio')"
        )
    with server(args.results, args.port) as listening:
        print(f"The studio is at {address_of(listening)}studio/ (Control+C ends it)", flush=True)
        try:
            listening.serve_forever()
        except KeyboardInterrupt:
            print("ended")
