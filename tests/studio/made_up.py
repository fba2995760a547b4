"""A run with two graphs of the exporter's contract, as small as can be, and the studio made of it."""

from pathlib import Path

import numpy as np
import onnx
from PIL import Image

from lacuna.files import write_json
from lacuna.studio.assembling import assemble

# Inside the hole the mean of the known pixels within `reach`, leaning on the mean of all known pixels.
GRAPH = """
<ir_version: 8, opset_import: ["": 17]>
local_mean (uint8[height, width, 3] image, uint8[height, width] mask) => (uint8[height, width, 3] composite)
<uint8 limit = {{128}}, float little = {{0.001}}, int64[2] sides = {{2, 3}}, int64[1] last = {{-1}},
 int64[1] first = {{0}}>
{{
  hole = GreaterOrEqual(mask, limit)
  known = Not(hole)
  known_number = Cast<to = 1>(known)
  known_plane = Unsqueeze(known_number, first)
  valid = Unsqueeze(known_plane, first)
  plane = Transpose<perm = [2, 0, 1]>(image)
  planes = Unsqueeze(plane, first)
  picture = Cast<to = 1>(planes)
  seen = Mul(picture, valid)
  total = ReduceSum<keepdims = 1>(seen, sides)
  amount = ReduceSum<keepdims = 1>(valid, sides)
  mean = Div(total, amount)
  near = AveragePool<kernel_shape = [{side}, {side}], pads = [{pads}], count_include_pad = 1>(seen)
  near_amount = AveragePool<kernel_shape = [{side}, {side}], pads = [{pads}], count_include_pad = 1>(valid)
  lean = Mul(mean, little)
  above = Add(near, lean)
  below = Add(near_amount, little)
  filled = Div(above, below)
  rounded = Round(filled)
  one = Squeeze(rounded, first)
  drawn = Transpose<perm = [1, 2, 0]>(one)
  bytes = Cast<to = 2>(drawn)
  hole_last = Unsqueeze(hole, last)
  composite = Where(hole_last, bytes, image)
}}
"""
SYSTEMS = {"near": 7, "far": 15}  # label → reach in pixels
TEST_SIZE = (60, 44)  # width, height


def graph(reach: int) -> onnx.ModelProto:
    """The graph, from bytes to bytes, of any size."""
    pads = ", ".join([str(reach)] * 4)
    model = onnx.parser.parse_model(GRAPH.format(side=2 * reach + 1, pads=pads))
    onnx.checker.check_model(model, full_check=True)
    return model


def photograph(width: int, height: int, seed: int = 5) -> np.ndarray:
    """Smooth colours with some noise, uint8 height×width×3: no two places are alike."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 9 + y / 31), np.cos(x / 17 - y / 8), np.sin((x + 2 * y) / 13)]
    noise = np.random.default_rng(seed).normal(0, 6, (height, width, 3))
    return np.clip(128 + 90 * np.stack(waves, -1) + noise, 0, 255).astype(np.uint8)


def asymmetric_mask(width: int, height: int, number: int) -> np.ndarray:
    """uint8 height×width, 255 = hole: a box that lies off the middle."""
    mask = np.zeros((height, width), np.uint8)
    mask[3 + number : height // 2, width // 4 : width // 4 + 9 + number] = 255
    return mask


def make_run(folder: Path) -> dict:
    """Images, masks, a list and exports under `folder`; returns the settings for `assemble`."""
    lines = []
    for number in range(3):
        paths = [folder / "images/rockets" / f"{number:04d}.png", folder / "masks/few" / f"{number + 4:04d}.png"]
        for path, pixels in zip(
            paths, (photograph(*TEST_SIZE, number), asymmetric_mask(*TEST_SIZE, number)), strict=True
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
        lines.append("\t".join(map(str, paths)))
    (folder / "lists").mkdir()
    (folder / "lists/rockets.txt").write_text("\n".join(lines) + "\n")
    for label, reach in SYSTEMS.items():
        export = folder / "export" / label / "scenes"
        export.mkdir(parents=True)
        onnx.save(graph(reach), export / "end_to_end.onnx")
        size = {"dynamic": ["height", "width"], "multiple": 1, "minimum": 1}
        facts = {"bytes": (export / "end_to_end.onnx").stat().st_size, "size": size}
        write_json(export / "record.json", {"exported": True, "files": {"end_to_end.onnx": facts}})
    refused = folder / "export/refused/scenes"
    refused.mkdir(parents=True)
    write_json(refused / "record.json", {"exported": False, "reason": "ONNX has no operator 'made_up'"})
    return {
        "run": "made_up",
        "title": "A made-up comparison",
        "demonstration": True,
        "image_size": [60, 44],
        "systems": [
            ["near", "Local mean"],
            ["far", "Wider local mean"],
            ["refused", "Refused"],
            ["telea", "Telea"],
        ],
        "sources": [["scenes", "Scenes"]],
        "test_sets": [["rockets", "Rockets & such"]],
        "exports": [["near", "scenes"], ["far", "scenes"], ["refused", "scenes"]],
    }


def make_studio(folder: Path, runtime: Path) -> dict:
    """A whole run with its studio at `folder/studio`; returns what `models.json` says."""
    return assemble(make_run(folder), folder, runtime, folder / "studio")
