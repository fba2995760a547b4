"""The page about what a PSNR of 8 dB can and cannot mean: its text, its table and its figure."""

from pathlib import Path

import numpy as np

from lacuna.data.compositing import composite
from lacuna.metrics.diagnosis import CASES, COVERAGE, PHOTOGRAPHS, SIDE, masks, photographs
from lacuna.metrics.per_image.psnr import PSNR_CAP
from lacuna.reporting.style import HOLE, written_to

COLUMNS = {"image": "whole image", "hole": "in the hole", "valid": "outside the hole", "composite": "right composite"}
SHOWN = 2  # the number of the photograph in the figure

HEAD = """\
# What a PSNR of 8 dB can and cannot mean

Made by `lacuna diagnose --output-directory docs`; a test computes the numbers again and compares them with this page.

Comparisons of inpainting systems have been published in which a well-known network scores 8 dB. Before anybody
concludes that the network is bad, or that it needed more training, it is worth knowing what scores 8 dB. Here are
{photographs} photographs that come with Python packages, at {side}×{side} pixels, with brush strokes that hide
{low:.0%} to {high:.0%} of each. Every line of the table makes one mistake on purpose, most of them with a *perfect*
prediction; the last lines are trivial pictures.

Each cell is the median of PSNR over N = {photographs} photographs in dB, with the lowest and the highest; {cap:.0f} is
what identical pictures read (no infinity poisons a mean). "Whole image", "in the hole" and "outside the hole" are of
the picture as it was scored (raw). "Right composite" is the whole image after the picture was laid into the right hole
of the right image, which is what most papers mean.
"""

TAIL = """\
![One photograph as each case scores it, with its PSNR over the whole image](figure.png)

The figure shows one of the photographs (N = 1): the input with its hole in magenta, and what each case scores, whole,
raw, with its PSNR.

## What 8 dB can mean

- **The wrong pictures were compared.** Perfect predictions read {mispaired:.1f} dB (median) when a folder holds three
  files of each image and two sorted lists are zipped, and {shifted:.1f} dB when they are off by one. The sign: the
  hole and what surrounds it are equally bad, and a few images are perfect, or none.
- **The range was mixed up.** A perfect prediction in [−1, 1] saved as [0, 1] reads {range:.1f} dB, the other way round
  {range_back:.1f} dB, and without the factor 255 it is black: {unscaled:.1f} dB.
- **The picture is trivial.** Black reads {black:.1f} dB and white {white:.1f} dB, whatever was to be filled in.
- **The hole alone was scored.** The masked input, its hole white, reads {masked_hole:.1f} dB in the hole and
  {masked_image:.1f} dB over the whole image.

## What it cannot mean

- **Not too little training alone.** Middle grey everywhere, about what AOT-GAN returns before its first step, reads
  {grey:.1f} dB; filling the hole with the mean colour reads {mean_fill:.1f} dB over the whole image. What is worse than
  a constant is not explained by too few steps: something is wrong, with the network or with the evaluation.
- **Not a damaged surrounding, if composites were scored.** A composite with a binary mask cannot alter a pixel outside
  the hole. Damage there means that raw predictions were scored, that the mask was soft or inverted ({inverted:.1f} dB
  for grey in an inverted hole), or that the pictures do not belong together.
- **Exchanged colours only on very colourful pictures.** BGR for RGB reads {bgr:.1f} dB (median), {bgr_lowest:.1f} dB at
  worst, and grey pictures stay perfect.

## How to tell

Score three controls with the same code: the truth (it must read the perfect value), the masked input, and mean fill.
Then look at raw and composite, hole and surrounding apart: the table's columns tell the cases from one another.
"""


def cells(scores: dict[str, np.ndarray]) -> list[str]:
    """A line's numbers as the page prints them: median, lowest and highest of each column."""
    return [f"{np.median(v):.1f} ({v.min():.1f} to {v.max():.1f})" for v in (scores[name] for name in COLUMNS)]


def to_markdown(found: dict[str, dict[str, np.ndarray]], figure: str) -> str:
    """The whole page; `found` is what `diagnose` returns, `figure` the name of the picture beside the page."""
    medians = {name: np.median(scores["image"]) for name, scores in found.items()}
    medians |= {"masked_image": medians["masked_white"], "masked_hole": np.median(found["masked_white"]["hole"])}
    medians |= {"bgr_lowest": found["bgr"]["image"].min()}
    facts = {"photographs": len(PHOTOGRAPHS), "side": SIDE, "low": COVERAGE[0], "high": COVERAGE[1], "cap": PSNR_CAP}
    heads = ["what is scored", *COLUMNS.values(), "what gives it away", "what prevents it here"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for case in CASES:
        lines.append(f"| {case.title} | {' | '.join(cells(found[case.name]))} | {case.sign} | {case.here} |")
    table = "\n".join(lines)
    return f"{HEAD.format(**facts)}\n{table}\n\n{TAIL.format(**medians).replace('figure.png', figure)}"


def draw_cases(found: dict[str, dict[str, np.ndarray]], output: str | Path) -> None:
    """One photograph as every case scores it, with its PSNR, as PNG."""
    truths = photographs()
    holes = masks(len(truths))
    pictures = [("input", composite(np.array(HOLE, np.uint8), truths[SHOWN], holes[SHOWN]))]
    for case in CASES:
        title = f"{case.name.replace('_', ' ')}: {found[case.name]['image'][SHOWN]:.1f} dB"
        pictures.append((title, case.picture(truths, holes)[SHOWN]))
    columns = 5
    rows = -(-len(pictures) // columns)
    shape = {"nrows": rows, "ncols": columns, "figsize": (1.4 * columns, 1.58 * rows), "layout": "constrained"}
    with written_to(output, **shape) as (_, axes):
        for axis in axes.flat:
            axis.set_axis_off()
        for axis, (title, picture) in zip(axes.flat, pictures, strict=False):
            axis.imshow(picture, interpolation="auto")
            axis.set_title(title, fontsize=7)
