"""Where the page may be put, whom it asks, and that everybody can use it."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.studio.acting import FILLED, filled, problems
from tests.studio.conftest import READY, serving

pytestmark = pytest.mark.slow

# ---------------------------------------------------------------- where it may be put, and whom it asks


def test_from_disk_it_says_why_it_must_be_served(browser, folder):
    with browser.open(folder / "studio/index.html") as page:
        assert "lacuna studio" in page.text("#unserved")
        assert page.value("document.getElementById('main').hidden")


def test_as_static_files_it_computes_on_one_thread(show, folder):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))) as address:
        page = show(f"{address}studio/")
        assert not page.value("crossOriginIsolated")
        filled(page)
        assert "WebAssembly, 1 thread)" in page.text("#state")
        assert problems(page) == []


def test_nobody_else_is_asked(browser, address):
    """Every request of the page, of its worker and of the worker's threads, until the hole is filled."""
    asked, watched = [], []
    with browser.open(address) as page:

        def watch(session):
            watched.append(session)
            browser.call("Network.enable", session)
            browser.call("Target.setAutoAttach", session, autoAttach=True, waitForDebuggerOnStart=True, flatten=True)
            browser.call("Runtime.runIfWaitingForDebugger", session)

        def look():
            for session in watched:
                for event in browser.take_events(session):
                    if event["method"] == "Network.requestWillBeSent":
                        asked.append(event["params"]["request"]["url"])
                    elif event["method"] == "Target.attachedToTarget":
                        watch(event["params"]["sessionId"])

        page.wait(READY)
        watch(page.session)
        page.value("document.getElementById('run').click()")
        for _ in range(500):
            look()
            if page.value(FILLED):
                break
            page.value("new Promise(done => setTimeout(done, 50))")
        look()
        assert page.value("document.getElementById('notice').hidden")
        refused = page.value(
            "new Promise(done => { addEventListener('securitypolicyviolation', e => done(e.effectiveDirective));"
            "fetch('http://elsewhere.example/').catch(() => 0); })"
        )
        assert refused == "connect-src"
    assert len(watched) >= 2, "the worker was watched, too"
    assert {f"{address}{name}" for name in ("main.js", "models.json", "runtime/ort-wasm-simd-threaded.wasm")} <= set(
        asked
    )
    assert {url for url in asked if not url.startswith((address, "data:", "blob:", "about:"))} == set()


# ---------------------------------------------------------------- for everybody


@pytest.mark.parametrize("dark", [False, True])
def test_contrast(show, dark):
    page = show(dark=dark)
    filled(page)
    page.value("document.getElementById('help').open = true")
    page.value("(n => { n.textContent = 'Something is wrong.'; n.hidden = false; })(document.getElementById('notice'))")
    assert page.weak_contrasts() == []


def test_everything_has_a_name_and_shows_its_focus(show):
    page = show()
    filled(page)
    names = page.names()
    acting = {"button", "checkbox", "radio", "slider", "combobox", "link", "application", "radiogroup", "group", "form"}
    assert [role for role, name in names if role in acting and not name and role != "group"] == []
    for role, name in [
        ("application", "Painting surface"),
        ("radio", "Brush"),
        ("checkbox", "Erase"),
        ("slider", "Compare: picture on the left, result on the right"),
        ("combobox", "System"),
        ("button", "Fill the hole"),
        ("button", "Rockets & such, 2"),
    ]:
        assert (role, name) in names
    reached = []
    for _ in range(40):
        page.press("Tab")
        found = page.value(
            "(e => e === document.body ? null : [e.id || e.value || e.textContent, getComputedStyle("
            "e.closest('.choice') ? e.nextElementSibling : e).outlineWidth])(document.activeElement)"
        )
        if found:
            reached.append(found[0])
            assert found[1] == "3px", found
    assert {"hole", "split", "open", "brush", "erase", "size", "clear", "system", "run", "save"} <= set(reached)


def test_on_a_phone_nothing_is_wider_than_the_window(show):
    page = show(width=320, height=640, phone=True)
    filled(page)
    assert page.value("document.documentElement.scrollWidth") <= 320
    page.value("document.getElementById('help').open = true")
    page.value(
        "(n => { n.textContent = 'a/long/path/'.repeat(40); n.hidden = false; })(document.getElementById('notice'))"
    )
    assert page.value("document.documentElement.scrollWidth") <= 320
    left, _, width, _ = page.box("#board")
    assert left >= 0
    assert left + width <= 320
    small = page.value(
        "[...document.querySelectorAll('button, select')].filter(e => e.checkVisibility())"
        ".map(e => [e.id || e.title, e.getBoundingClientRect().height]).filter(([, height]) => height < 40)"
    )
    assert small == []
