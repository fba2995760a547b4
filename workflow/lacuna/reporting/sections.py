"""The sections of the report, in the order that they are read; tables and figures name the one that they stand in."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A section: its heading and what is said under it.

    One without tables and figures in a run is left out, unless `page/sections/<name>.html` says what it shows itself.
    """

    title: str
    text: str = ""


SECTIONS = {
    "summary": Section("Summary"),
    "uncertainty": Section(
        "Uncertainty",
        "Systems are compared on the same image with the same mask. Intervals and tests treat photographs, not their "
        "crops, as independent of each other.",
    ),
    "axes": Section(
        "Other masks, other sizes",
        "A ranking under one mask set, at one size, is about these alone. Everything outside this section is of the "
        "selected cell.",
    ),
    "sampling": Section(
        "Samples",
        "Some systems draw another completion each time. How far apart their samples lie says nothing of how good they "
        "are, so both stand beside each other.",
    ),
    "judging": Section(
        "Which metric is right?",
        "Votes and metrics are asked the same question: which of two fills of one hole is better?",
    ),
    "published": Section(
        "Published numbers",
        "Means that a student's comparison printed for systems of these names stand beside ours, metric by metric. "
        "The protocols differ in almost everything, as the caption says.",
    ),
    "set_metrics": Section(
        "Set-level metrics",
        "These judge whole sets of pictures, never one picture, and need many: N stands beside each data set.",
    ),
    "controls": Section("Controls and warnings"),
    "reading": Section("How to read the numbers"),
    "tables": Section("Tables"),
    "sources": Section(
        "Training source and test set",
        "How much does the training source matter? Each line is one system, trained twice, on the same images of one "
        "test set.",
    ),
    "adaptation": Section(
        "Test-time training",
        "Before a network completes a picture, a copy of it learns on for some steps from the known parts of that very "
        "picture. Improvements are ratios of means over pictures, in percent of the score before, and positive where "
        "adapting is better. An interval that holds 0 shows no improvement.",
    ),
    "pictures": Section("Pictures"),
    "examples": Section("Best, median, worst"),
    "failures": Section("Failures"),
    "coverage": Section("Metric by coverage"),
    "complexity": Section("Cost"),
    "cost": Section("Quality against cost"),
    "training": Section("Training"),
    "export": Section(
        "ONNX files",
        "The networks of this run lie in the folder export/ beside this page, as files that run without Lacuna: a "
        "graph from image and mask to the raw prediction, and one from bytes to bytes.",
    ),
    "data": Section("Images and masks"),
    "provenance": Section("Provenance"),
}
