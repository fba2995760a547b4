"""A real, headless Chromium for tests of pages: no driver, no package, only its debugging pipe.

`Browser` starts it; `Browser.open` gives a `Page` that can be asked (`value`), touched (`press`, `click`, `drag`) and
looked at (`pixels`), and that remembers everything its console complained about (`problems`). Tests take the fixture
`browser` (import it into the test module) and are skipped, with the reason, where there is no Chromium.
"""

import base64
import fcntl
import io
import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
DEADLINE = 30.0  # seconds until an answer must have come
CONTROL, SHIFT = 2, 8  # bits of these keys in the protocol's `modifiers`
# Keys whose code and number are not those of their letter or digit: (code, virtual key code).
KEYS = {
    "ArrowLeft": ("ArrowLeft", 37),
    "ArrowUp": ("ArrowUp", 38),
    "ArrowRight": ("ArrowRight", 39),
    "ArrowDown": ("ArrowDown", 40),
    "PageUp": ("PageUp", 33),
    "PageDown": ("PageDown", 34),
    "End": ("End", 35),
    "Home": ("Home", 36),
    "Tab": ("Tab", 9),
    "Enter": ("Enter", 13),
    "Escape": ("Escape", 27),
    " ": ("Space", 32),
    "/": ("Slash", 191),
    "?": ("Slash", 191),
    "[": ("BracketLeft", 219),
    "]": ("BracketRight", 221),
}


def find_chromium() -> str | None:
    """The Chromium to test with: the environment's `CHROMIUM`, or the first found in the search path."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="module")
def browser():
    """One running Chromium for the tests of a module."""
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium found: install one ('apt-get install chromium') or name it in CHROMIUM")
    with Browser(program) as running:
        yield running


class Browser:
    """A Chromium with a fresh profile and further options, spoken to over its pipe; a context manager."""

    def __init__(self, program: str, *more: str):
        # Numbers above 4, because 3 and 4 are what the browser reads from and writes to.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for pair in (os.pipe(), os.pipe()) for end in pair]
        its_input, self._to, self._from, its_output = ends
        self._profile = tempfile.mkdtemp(prefix="lacuna-chromium-")
        options = [
            "--headless=new",
            "--remote-debugging-pipe",
            f"--user-data-dir={self._profile}",
            "--no-first-run",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-backgrounding-occluded-windows",
            "--disable-renderer-backgrounding",
            "--disable-extensions",
            "--force-color-profile=srgb",
            "--hide-scrollbars",
            *more,
        ]
        if os.geteuid() == 0:
            options.append("--no-sandbox")  # Chromium's sandbox refuses to run as root
        launcher = (
            f"import os, sys; os.dup2({its_input}, 3); os.dup2({its_output}, 4); os.execvp(sys.argv[1], sys.argv[1:])"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", launcher, program, *options, "about:blank"],
            pass_fds=(its_input, its_output),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(its_input)
        os.close(its_output)
        self._number, self._unread, self._events = 0, b"", []

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_) -> None:
        try:
            self.call("Browser.close")
            self._process.wait(10)
        except (RuntimeError, TimeoutError, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._to)
        os.close(self._from)
        shutil.rmtree(self._profile, ignore_errors=True)

    def _receive(self, deadline: float) -> dict:
        """The next message; `TimeoutError` when none came in time, `RuntimeError` when the browser has gone."""
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._from], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"Chromium did not answer within {DEADLINE:.0f} s")
            data = os.read(self._from, 1 << 20)
            if not data:
                raise RuntimeError("Chromium has ended")
            self._unread += data
        message, _, self._unread = self._unread.partition(b"\0")
        return json.loads(message)

    def call(self, method: str, session: str | None = None, **parameters) -> dict:
        """One command of the DevTools protocol and its result; a refusal is a `RuntimeError`."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        data = json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data) :]
        deadline = time.monotonic() + DEADLINE
        while True:
            answer = self._receive(deadline)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self._events.append(answer)

    def take_events(self, session: str) -> list[dict]:
        """The events of a page that have come since the last time."""
        mine = [event for event in self._events if event.get("sessionId") == session]
        self._events = [event for event in self._events if event.get("sessionId") != session]
        return mine

    def open(self, url: str | Path, **view) -> "Page":
        """A new page in a tab of its own; `view` as in `Page.look`. A path is opened as a `file://` page."""
        page = Page(self)
        page.look(**view)
        page.go(url)
        return page


class Page:
    """One tab; a context manager that closes it."""

    def __init__(self, browser: Browser):
        self.browser = browser
        self._target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        self._problems: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> "Page":
        return self

    def __exit__(self, *_) -> None:
        self.browser.call("Target.closeTarget", targetId=self._target)

    def call(self, method: str, **parameters) -> dict:
        return self.browser.call(method, self.session, **parameters)

    # ---------------------------------------------------------------- where and how

    def look(self, width: int = 1280, height: int = 800, dark: bool = False, still: bool = True, phone: bool = False):
        """Set the window's size in CSS pixels, the colour scheme, and whether motion is unwanted (`still`)."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.call("Emulation.setTouchEmulationEnabled", enabled=phone)
        features = {"prefers-color-scheme": "dark" if dark else "light"}
        features["prefers-reduced-motion"] = "reduce" if still else "no-preference"
        self.call(
            "Emulation.setEmulatedMedia", features=[{"name": name, "value": value} for name, value in features.items()]
        )

    def go(self, url: str | Path) -> None:
        """Load a page and wait until it, with its scripts and pictures, has loaded."""
        url = url.absolute().as_uri() if isinstance(url, Path) else url
        self.call("Page.navigate", url="about:blank")  # otherwise a change of the #fragment alone loads nothing
        self.wait("location.href === 'about:blank'")
        answer = self.call("Page.navigate", url=url)
        assert "errorText" not in answer, answer
        self.wait("location.href !== 'about:blank' && document.readyState === 'complete'", DEADLINE)

    # ---------------------------------------------------------------- asking

    def value(self, expression: str):
        """The value of a JavaScript expression; promises are awaited, an exception is an `AssertionError`."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise AssertionError(f"{expression}: {details.get('exception', {}).get('description', details['text'])}")
        return answer["result"].get("value")

    def wait(self, expression: str, seconds: float = 10.0) -> None:
        """Wait until an expression is true; `AssertionError` if it does not become so."""
        end = time.monotonic() + seconds
        while not self.value(f"Boolean({expression})"):
            assert time.monotonic() < end, f"after {seconds} s still not: {expression}"
            time.sleep(0.02)

    def text(self, selector: str) -> str:
        """The visible text of the first element that matches."""
        return self.value(f"document.querySelector({json.dumps(selector)}).innerText")

    def box(self, selector: str) -> tuple[float, float, float, float]:
        """Left, top, width and height of an element in the window, after scrolling it there if need be."""
        return tuple(
            self.value(
                f"(e => {{ e.scrollIntoView({{block: 'nearest', inline: 'nearest', behavior: 'instant'}});"
                "const b = e.getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; })"
                f"(document.querySelector({json.dumps(selector)}))"
            )
        )

    def problems(self) -> list[str]:
        """Everything since the page was opened that a console would show in red or yellow, and failed loads."""
        self.value("0")  # what has happened has now been told
        for event in self.browser.take_events(self.session):
            method, what = event["method"], event["params"]
            if method == "Runtime.exceptionThrown":
                details = what["exceptionDetails"]
                self._problems.append(details.get("exception", {}).get("description", details["text"]))
            elif method == "Runtime.consoleAPICalled" and what["type"] in ("error", "warning", "assert"):
                self._problems.append(" ".join(str(each.get("value")) for each in what["args"]))
            elif method == "Log.entryAdded" and what["entry"]["level"] in ("error", "warning"):
                self._problems.append(f"{what['entry']['text']} {what['entry'].get('url', '')}")
            elif method == "Network.loadingFailed" and not what.get("canceled"):
                self._problems.append(f"{what['type']} not loaded: {what['errorText']}")
        return self._problems

    # ---------------------------------------------------------------- touching

    def press(self, *keys: str, shift: bool = False, control: bool = False) -> None:
        """Press and release keys, by their names (`ArrowDown`) or characters (`j`, `?`, `3`)."""
        for key in keys:
            code, number = KEYS.get(key, (f"Digit{key}" if key.isdigit() else f"Key{key.upper()}", ord(key[0].upper())))
            modifiers = SHIFT if shift or key == "?" or (len(key) == 1 and key.isupper()) else 0
            modifiers |= CONTROL if control else 0
            text = (
                {} if control else {"text": "\r" if key == "Enter" else key} if len(key) == 1 or key == "Enter" else {}
            )
            facts = {"key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers}
            self.call("Input.dispatchKeyEvent", type="keyDown", **facts, **text)
            self.call("Input.dispatchKeyEvent", type="keyUp", **facts)

    def write(self, text: str) -> None:
        """Type text where the focus is."""
        self.call("Input.insertText", text=text)

    def _mouse(self, kind: str, x: float, y: float, **more) -> None:
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", **more)

    def drag(self, selector: str, *places: tuple[float, float]) -> None:
        """Press on an element at the first place, move over the others, release; places are shares of its size."""
        left, top, width, height = self.box(selector)
        spots = [(left + x * width, top + y * height) for x, y in places]
        self._mouse("mousePressed", *spots[0], clickCount=1, buttons=1)
        for spot in spots[1:]:
            self._mouse("mouseMoved", *spot, buttons=1)
        self._mouse("mouseReleased", *spots[-1], clickCount=1)

    def click(self, selector: str) -> None:
        """Click in the middle of an element."""
        self.drag(selector, (0.5, 0.5))

    def choose(self, selector: str, option: str) -> None:
        """Choose an option of a `<select>` by its value, as a user's choice would."""
        done = self.value(
            f"(e => {{ e.value = {json.dumps(option)}; e.dispatchEvent(new Event('input', {{bubbles: true}}));"
            f"e.dispatchEvent(new Event('change', {{bubbles: true}})); return e.value; }})"
            f"(document.querySelector({json.dumps(selector)}))"
        )
        assert done == option, f"{selector} has no option {option!r}"

    # ---------------------------------------------------------------- seeing

    def pixels(self, selector: str | None = None) -> np.ndarray:
        """The window, or one element of it, as it is drawn: uint8 H×W×3."""
        self.call("Page.bringToFront")  # a tab behind another one may never be drawn
        clip = {}
        if selector:
            left, top, width, height = self.box(selector)
            clip = {"clip": {"x": left, "y": top, "width": width, "height": height, "scale": 1}}
        data = self.call("Page.captureScreenshot", format="png", **clip)["data"]
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))

    def names(self) -> list[tuple[str, str]]:
        """(role, accessible name) of everything that assistive technology is told of, in its order."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]]

    def weak_contrasts(self) -> list[str]:
        """Visible texts whose contrast with what lies behind them is below WCAG 2's AA (4.5; 3 for large text)."""
        texts = self.value(TEXTS)
        weak = []
        for words, ink, layers, size, weight in texts:
            ground = (255.0, 255.0, 255.0)
            for layer in reversed(layers):
                ground = over(rgba(layer), ground)
            ratio = contrast(over(rgba(ink), ground), ground)
            large = size >= 24 or (size >= 18.66 and weight >= 700)
            if ratio < (3.0 if large else 4.5):
                weak.append(f"{words!r}: {ratio:.2f}")
        return weak


# Every visible text with its colour, the backgrounds from the nearest outwards, its size and weight.
TEXTS = """(() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const words = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
    if (!words || element.closest('script, style, noscript, :disabled')) continue;
    if (!element.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    if (element.tagName !== 'OPTION' && !element.getClientRects().length) continue;
    const style = getComputedStyle(element), layers = [];
    for (let e = element; e; e = e.parentElement) layers.push(getComputedStyle(e).backgroundColor);
    found.push([words.slice(0, 60), style.color, layers, parseFloat(style.fontSize), Number(style.fontWeight)]);
  }
  return found;
})()"""


def rgba(colour: str) -> tuple[float, float, float, float]:
    """A computed CSS colour, `rgb(1, 2, 3)` or `rgba(1, 2, 3, 0.5)`, as numbers."""
    numbers = [float(number) for number in re.findall(r"[\d.]+", colour)]
    assert colour.startswith("rgb") and len(numbers) in (3, 4), colour
    return (*numbers[:3], numbers[3] if len(numbers) == 4 else 1.0)


def over(colour: tuple[float, float, float, float], ground: tuple[float, ...]) -> tuple[float, float, float]:
    """A translucent colour laid over an opaque one."""
    return tuple(colour[3] * top + (1 - colour[3]) * bottom for top, bottom in zip(colour[:3], ground, strict=True))


def contrast(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    """The contrast ratio of two sRGB colours (0 to 255), by the definition of WCAG 2."""

    def luminance(colour):
        linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
