"""Compare exported graphs in ONNX Runtime with PyTorch, number by number and metric by metric."""

from lacuna.export.verification import verify_export


def run(task) -> None:
    parity = verify_export(
        task.settings,
        task.file("weights"),
        task.file("record"),
        task.files("pairs"),
        task.backbones(),
        task.gpus,
        task.threads,
        task.out("parity"),
    )
    if not parity["verified"]:
        print(f"not verified: {parity['reason']}")
        return
    for name in ("run_size", "other_size"):
        found = parity[name]
        print(f"{name}: largest difference {found['max_abs_difference']:.1e}, N = {found['n']}, {found['sizes']}")
    print(f"end to end: {parity['end_to_end']['hole_levels']} of 255 levels; {', '.join(parity['providers'])}")
