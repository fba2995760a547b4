"""What a visitor of the studio does and sees, and what Python makes of the same picture."""

import base64
import json

import numpy as np
import onnxruntime

from tests.browser import browser  # noqa: F401 - `browser` is a fixture
from tests.studio.made_up import TEST_SIZE

FILLED = "!document.getElementById('result').hidden || !document.getElementById('notice').hidden"
NO_CARD = "No available adapters."  # Chromium's own note that this machine has no graphics card


def canvas(page, name: str) -> np.ndarray:
    """The pixels of a canvas, uint8 height×width×4."""
    width, height, text = page.value(
        "(c => { const copy = new OffscreenCanvas(c.width, c.height).getContext('2d', {willReadFrequently: true});"
        "copy.drawImage(c, 0, 0); const d = copy.getImageData(0, 0, c.width, c.height).data; let s = '';"
        "for (let i = 0; i < d.length; i += 32768) s += String.fromCharCode(...d.subarray(i, i + 32768));"
        f"return [c.width, c.height, btoa(s)]; }})(document.getElementById('{name}'))"
    )
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)


def hole(page) -> np.ndarray:
    """The hole as it is drawn: bool height×width."""
    return canvas(page, "hole")[..., 3] > 0


def brushed(width, height, diameter, *places) -> np.ndarray:
    """A round brush between pixels (x, y), straight from the definition: no farther than its radius from the line."""
    y, x = np.mgrid[:height, :width].astype(float)
    found = np.zeros((height, width), bool)
    for (ax, ay), (bx, by) in zip(places[:-1] or places, places[1:] or places, strict=True):
        dx, dy = bx - ax, by - ay
        share = np.clip(((x - ax) * dx + (y - ay) * dy) / ((dx * dx + dy * dy) or 1), 0, 1)
        found |= (x - ax - share * dx) ** 2 + (y - ay - share * dy) ** 2 <= diameter**2 / 4
    return found


def at(x, y, size=TEST_SIZE) -> tuple[float, float]:
    """The middle of a pixel as shares of the board."""
    return (x + 0.5) / size[0], (y + 0.5) / size[1]


def set_value(page, name: str, value) -> None:
    page.value(
        f"(e => {{ e.value = {json.dumps(str(value))}; e.dispatchEvent(new Event('input', {{bubbles: true}})); }})"
        f"(document.getElementById('{name}'))"
    )


def open_file(page, path) -> None:
    """Choose a file as with the file dialogue."""
    document = page.call("DOM.getDocument")["root"]["nodeId"]
    node = page.call("DOM.querySelector", nodeId=document, selector="#file")["nodeId"]
    page.value("delete document.body.dataset.ready")
    page.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])


def filled(page) -> np.ndarray:
    """Fill the hole; the result's pixels."""
    page.click("#run")
    page.wait(FILLED, 60)
    assert page.value("document.getElementById('notice').hidden"), page.text("#notice")
    result = canvas(page, "result")
    assert (result[..., 3] == 255).all()
    return result[..., :3]


def by_python(folder, label, image, mask) -> np.ndarray:
    session = onnxruntime.InferenceSession(
        folder / f"export/{label}/scenes/end_to_end.onnx", providers=["CPUExecutionProvider"]
    )
    return session.run(["composite"], {"image": image, "mask": mask})[0]


def difference(first, second) -> int:
    return int(abs(first.astype(int) - second.astype(int)).max())


def problems(page) -> list[str]:
    return [each for each in page.problems() if NO_CARD not in each]
