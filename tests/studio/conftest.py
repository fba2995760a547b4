"""The runtime, a served studio and its page in a browser, shared by the tests of this room."""

import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from lacuna.errors import LacunaError
from lacuna.studio.serving import address_of, server
from lacuna.studio.web_runtime import RECORD, fetch, read_record, version
from tests.browser import browser  # noqa: F401 - `browser` is a fixture
from tests.studio.made_up import make_studio

READY = "document.body.dataset.ready"


@pytest.fixture(scope="session")
def runtime(tmp_path_factory) -> Path:
    """The folder of the web runtime: the workflow's if it is there, else fetched; a skip with the reason if neither."""
    made = Path(__file__).parents[2] / "results" / "web_runtime"
    if (made / RECORD).is_file() and read_record(made)["available"] and read_record(made)["version"] == version():
        return made
    folder = tmp_path_factory.mktemp("web_runtime")
    try:
        fetch(folder)
    except LacunaError as error:
        pytest.skip(str(error))
    return folder


@contextmanager
def serving(listening):
    """The address of a server while it serves in a thread."""
    with listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield address_of(listening)
        listening.shutdown()


@pytest.fixture(scope="session")
def served():
    """`with served(folder) as address`: the folder, served as `lacuna studio` does."""
    return lambda folder: serving(server(folder))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, runtime):
    folder = tmp_path_factory.mktemp("results") / "made_up"
    make_studio(folder, runtime)
    return folder


@pytest.fixture(scope="module")
def address(folder, served):
    with served(folder) as address:
        yield f"{address}studio/"


@pytest.fixture
def show(browser, address):  # noqa: F811
    """`show(dark=True)`: the studio with its first test image; closed after the test."""
    pages = []

    def opened(url=None, **view):
        pages.append(browser.open(url or address, **view))
        pages[-1].wait(READY)
        return pages[-1]

    yield opened
    for page in pages:
        page.__exit__()
