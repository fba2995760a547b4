"""Describe the looks of a training set's pictures, for experiments that fill holes with similar ones."""

from lacuna.adaptation.fillers import staged
from lacuna.adaptation.similarity import Descriptions, load_backbone


def run(task) -> None:
    paths, output = staged([task.file("images")]), task.out("descriptions")
    Descriptions.of(paths, load_backbone(task.backbones())).write(output)
    print(f"described {len(paths)} pictures, into {output}")
