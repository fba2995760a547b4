"""How long the gallery makes one wait with ten thousand images: to write, to open, to filter, to sort, to scroll.

Milliseconds in a headless Chromium without a GPU; pictures of 256x256 lie on disk under ten thousand names.

python tests/benchmarks/bench_gallery.py
"""

import json
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.browser import Browser, find_chromium
from tests.reporting.made_up_gallery import make_gallery, make_many

N = 10_000
# From the hand's event to the frame that shows it.
TOUCH = """new Promise(done => {
  const e = document.getElementById(%s), began = performance.now();
  e.value = %s; e.dispatchEvent(new Event(%s));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
})"""
KEY = """new Promise(done => {
  const began = performance.now();
  document.body.dispatchEvent(new KeyboardEvent('keydown', {key: %s, code: '', bubbles: true}));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
})"""
# Two seconds of scrolling by %d px a frame: the time between frames.
SCROLL = """new Promise(done => {
  const list = document.getElementById('list'), times = [];
  let last = performance.now(); const end = last + 2000;
  const step = now => {
    times.push(now - last); last = now; list.scrollTop += %d;
    if (now < end) requestAnimationFrame(step); else done(times.slice(1));
  };
  list.scrollTop = 0;
  requestAnimationFrame(step);
})"""


def touched(page, control: str, values: list, event: str) -> float:
    """Median milliseconds to set a control to each of the values."""
    return median(page.value(TOUCH % tuple(map(json.dumps, (control, value, event)))) for value in values)


def measure(folder: Path) -> dict[str, float]:
    settings = make_many(folder, N, size=(256, 256))
    began = time.perf_counter()
    index = make_gallery(folder, settings)
    found = {"write the gallery": 1000 * (time.perf_counter() - began)}
    with Browser(find_chromium()) as browser:
        began = time.perf_counter()
        with browser.open(index) as page:
            page.wait("document.getElementById('right-picture').dataset.drawn === 'yes'")
            found["open it, first picture drawn"] = 1000 * (time.perf_counter() - began)
            time.sleep(1)
            found["filter by hole size"] = touched(page, "from", [10, 20, 30, 20, 10, 0], "input")
            found["find a file"] = touched(page, "find", ["1", "12", "123", ""], "input")
            found["sort by a metric"] = touched(page, "sort", ["psnr", "ssim", "lpips_alex", "l1"], "change")
            found["compare with a system"] = touched(page, "against", ["aotgan", "", "aotgan", ""], "change")
            found["next image"] = median(page.value(KEY % "'j'") for _ in range(30))
            for speed in (40, 1000, 20000):
                times = sorted(page.value(SCROLL % speed))
                found[f"frame while scrolling {speed} px a frame, median"] = median(times)
                found[f"frame while scrolling {speed} px a frame, 99th"] = times[int(0.99 * len(times))]
            assert page.problems() == []
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        for what, milliseconds in measure(Path(temporary) / "many").items():
            print(f"{what:50s} {milliseconds:8.1f} ms")
