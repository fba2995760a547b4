"""Serve a run's studio on this machine: paint a hole into a picture, and fill it in the browser."""


def add_arguments(parser) -> None:
    parser.add_argument("--results", default="results/demo", help="the run's folder (default: results/demo)")
    parser.add_argument("--port", type=int, default=8017, help="to listen on, on loopback only; 0 takes a free one")


def run(args) -> None:
    from pathlib import Path

    from lacuna.errors import LacunaError
    from lacuna.studio.serving import address_of, server

    folder = Path(args.results) / "studio"
    if not (folder / "index.html").is_file():
        raise LacunaError(f"{folder} holds no studio; run the rule 'studio' of that run first ('snakemake studio')")
    with server(args.results, args.port) as listening:
        print(f"The studio is at {address_of(listening)}studio/ (Control+C ends it)", flush=True)
        try:
            listening.serve_forever()
        except KeyboardInterrupt:
            print("ended")
