"""How long the gallery makes one wait with ten thousand images: to write, to open, to filter, to sort, to scroll.

Headless Chromium without a GPU; pictures of 250x240 lie on disk under ten thousand names. Beside the milliseconds on
the clock stand those that the page's main thread worked, so that a busy machine does not count.

python -m tests.benchmarks.bench_gallery
"""

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.browser import Browser, find_chromium
from tests.reporting.made_up_gallery import make_gallery, make_many

N = 10_000
# What is done, with which control, set to what, by which event.
TOUCHES = [
    ("filter by hole size", "from", [10, 20, 30, 20, 10, 0], "input"),
    ("find a file", "find", ["1", "12", "123", ""], "input"),
    ("sort by a metric", "sort", ["psnr", "ssim", "lpips_alex", "l1"], "change"),
    ("compare with a system", "against", ["aotgan", "", "aotgan", ""], "change"),
]
# From the hand's event to the frame that shows it.
TOUCH = """new Promise(done => {
  const e = document.getElementById(%s), began = performance.now();
  e.value = %s; e.dispatchEvent(new Event(%s));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
})"""
KEY = """new Promise(done => {
  const began = performance.now();
  document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'j', code: '', bubbles: true}));
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


def worked(page) -> float:
    """Milliseconds of processor time that the page's main thread has worked."""
    metrics = {each["name"]: each["value"] for each in page.call("Performance.getMetrics")["metrics"]}
    return 1000 * metrics["TaskDuration"]


def measure(folder: Path) -> Iterator[tuple[str, float, float]]:
    """(what, milliseconds on the clock, milliseconds worked) of everything."""
    settings = make_many(folder, N, size=(240, 250))
    began, work = time.perf_counter(), time.process_time()
    index = make_gallery(folder, settings)
    yield "write the gallery", 1000 * (time.perf_counter() - began), 1000 * (time.process_time() - work)
    with Browser(find_chromium()) as browser, browser.open("data:,") as page:
        page.call("Performance.enable", timeDomain="threadTicks")
        began = time.perf_counter()
        page.go(index)
        page.wait("document.getElementById('right-picture').dataset.drawn === 'yes'")
        yield "open it, first picture drawn", 1000 * (time.perf_counter() - began), worked(page)
        time.sleep(1)
        for what, control, values, event in TOUCHES:
            work = worked(page)
            waited = median(page.value(TOUCH % tuple(map(json.dumps, (control, value, event)))) for value in values)
            yield what, waited, (worked(page) - work) / len(values)
        work = worked(page)
        yield "next image", median(page.value(KEY) for _ in range(30)), (worked(page) - work) / 30
        for speed in (40, 1000, 20000):
            time.sleep(1)
            work, times = worked(page), sorted(page.value(SCROLL % speed))
            yield f"frame, scrolling {speed} px a frame", median(times), (worked(page) - work) / len(times)
        assert page.problems() == []


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        print(f"{'':40s} clock/ms  worked/ms")
        for what, clock, work in measure(Path(temporary) / "many"):
            print(f"{what:40s} {clock:8.1f}  {work:9.1f}")
