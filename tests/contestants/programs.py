"""Programs as others write them: a fill by OpenCV, and the ways to get it wrong."""

import sys
from pathlib import Path

FOLDER = """
import sys, pathlib, cv2
images, masks, predictions = map(pathlib.Path, sys.argv[1:4])
for path in sorted(images.iterdir()):
    image, mask = cv2.imread(str(path)), cv2.imread(str(masks / path.name), 0)
    {before}
    filled = cv2.inpaint(image, mask, 3, cv2.INPAINT_TELEA)
    {after}
    cv2.imwrite(str(predictions / f"{{path.stem}}{end}"), filled)
"""
ONE = """
import sys, cv2
image, mask = cv2.imread(sys.argv[1]), cv2.imread(sys.argv[2], 0)
cv2.imwrite(sys.argv[3], cv2.inpaint(image, mask, 3, cv2.INPAINT_TELEA))
"""
# What each does instead of filling as it should.
WRONG = {
    "leak": {"after": "filled = image"},
    "half leak": {"after": "filled[mask > 0] = image[mask > 0] // 2 + filled[mask > 0] // 2"},
    "polarity": {"before": "mask = 255 - mask"},
    "range": {"after": "filled = (filled / 255).round()"},
    "channels": {"after": "filled = filled[..., ::-1]"},
    "size": {"after": "filled = filled[:-1, :-2]"},
    "lossy": {"end": ".jpg"},
    "nothing": {"after": "filled[:] = 90"},
    "crash": {"after": "sys.exit('out of\\x07 luck')"},
    "endless": {"after": "import time; time.sleep(1000)"},
    "killed": {"after": "import os; os.kill(os.getpid(), 9)"},
    "unnamed": {"end": "_filled.png"},
    "no picture": {"after": "(predictions / path.name).write_text('hello'); continue"},
    "disguised": {
        "after": "x = predictions / 'x.jpg'; cv2.imwrite(str(x), filled); x.rename(predictions / path.name); continue"
    },
    "link": {"after": "(predictions / path.name).symlink_to(path); continue"},
    "talks": {"after": "print('x' * 60_000_000)"},
    "nowhere": {"after": "continue"},
}  # fmt: skip


def folder_program(path: Path, before: str = "pass", after: str = "pass", end: str = ".png") -> list[str]:
    """Write a program that fills folders; its command."""
    path.write_text(FOLDER.format(before=before, after=after, end=end))
    return [sys.executable, str(path), "{images}", "{masks}", "{predictions}"]


def one_program(path: Path) -> list[str]:
    """Write a program that fills one picture; its command."""
    path.write_text(ONE)
    return [sys.executable, str(path), "{image}", "{mask}", "{prediction}"]
