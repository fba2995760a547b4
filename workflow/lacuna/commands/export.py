"""Write a trained network as ONNX files, for pictures as arrays and for bytes; a record says what they are."""

from pathlib import Path

from lacuna.arguments import json_settings, positive


def add_arguments(parser) -> None:
    parser.add_argument(
        "--settings", type=json_settings, required=True, help="JSON: system, settings, source, image_size"
    )
    parser.add_argument("--weights", required=True, type=Path, help="trained here, or the authors' own")
    parser.add_argument("--threads", type=positive, default=1, help="of the CPU (default: 1)")
    parser.add_argument(
        "--output", required=True, type=Path, help="record.json to write, last of all; the graphs go beside it"
    )


def run(args) -> None:
    from lacuna.export.record import export_system

    record = export_system(args.settings, args.weights, args.threads, args.output)
    if record["exported"]:
        sizes = ", ".join(f"{name} {entry['bytes'] / 1e6:.1f} MB" for name, entry in record["files"].items())
        print(f"exported {record['system']} ({record['source']}): {sizes}, into {args.output.parent}")
    else:
        print(f"{record['system']} ({record['source']}) was not exported: {record['reason']}")
