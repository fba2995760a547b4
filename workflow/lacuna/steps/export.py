"""Write a trained network as ONNX files, for pictures as arrays and for bytes; a record says what they are."""

from lacuna.export.record import export_system


def run(task) -> None:
    output = task.out("record")
    record = export_system(task.settings, task.file("weights"), task.threads, output)
    if record["exported"]:
        sizes = ", ".join(f"{name} {entry['bytes'] / 1e6:.1f} MB" for name, entry in record["files"].items())
        print(f"exported {record['system']} ({record['source']}): {sizes}, into {output.parent}")
    else:
        print(f"{record['system']} ({record['source']}) was not exported: {record['reason']}")
