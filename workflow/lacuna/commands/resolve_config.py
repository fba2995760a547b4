"""Write the config that a run really used, defaults and command-line changes included."""

from lacuna.arguments import json_settings


def add_arguments(parser) -> None:
    parser.add_argument("--settings", type=json_settings, required=True, help="the config as canonical JSON")
    parser.add_argument("--output", required=True, help="the YAML file to write")


def run(args) -> None:
    import yaml

    from lacuna.files import atomic

    with atomic(args.output) as partial:
        partial.write_text(yaml.safe_dump(dict(args.settings), sort_keys=True, allow_unicode=True))
    print(f"wrote {args.output}")
