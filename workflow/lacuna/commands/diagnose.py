"""Write docs/psnr8.md and its figure: what a PSNR of 8 dB can and cannot mean, from embedded photographs."""

from pathlib import Path

PAGE, FIGURE = "psnr8.md", "psnr8.png"

EXAMPLE = "diagnose --output-directory docs"


def add_arguments(parser) -> None:
    parser.add_argument("--output-directory", required=True, type=Path, help=f"folder for {PAGE} and {FIGURE}")


def run(args) -> None:
    from lacuna.files import atomic
    from lacuna.metrics.diagnosis import diagnose
    from lacuna.reporting.diagnosis_page import draw_cases, to_markdown

    found = diagnose()
    draw_cases(found, args.output_directory / FIGURE)
    with atomic(args.output_directory / PAGE) as partial:
        partial.write_text(to_markdown(found, FIGURE), encoding="utf-8")
    print(f"wrote {args.output_directory / PAGE} and {FIGURE}")
