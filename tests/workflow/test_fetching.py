"""What comes from the network is fetched by a rule of its own, once, whatever the server does."""

import hashlib
import io
import json

import numpy as np
import pytest
from PIL import Image

from tests.serving import misbehaving
from tests.workflow.conftest import SMALL, copy_repository

pytestmark = pytest.mark.slow
INDEX = "results/remote/images/remote/index.csv"


def test_a_set_from_the_network_is_fetched_and_staged_once(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    repository = copy_repository(tmp_path)
    picture = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 51, 3), np.uint8)).save(picture, "png")
    with misbehaving() as server:
        server.data, server.turns = picture.getvalue(), ["drop:200", "whole"]
        address = f"{server.url}#sha256={hashlib.sha256(server.data).hexdigest()}"
        sets = SMALL["image_sets"] | {"remote": {"kind": "url", "urls": [address]}}
        changes = {"run": "remote", "image_sets": sets, "test_sets": ["remote"], "systems": {"telea": None}}
        config = str(repository.configure(**changes, export=False))
        result = repository.snakemake(INDEX, "--configfile", config)
        assert result.returncode == 0, result.stdout + result.stderr
        assert server.ranges == ["", "bytes=200-"]
        assert repository.would_run(INDEX, "--configfile", config) == set()
        (repository.folder / "results/remote/downloads/remote.json").unlink()
        result = repository.snakemake(INDEX, "--configfile", config)
        assert result.returncode == 0 and len(server.ranges) == 2, result.stdout + result.stderr
    card = json.loads((repository.folder / INDEX).with_name("card.json").read_text())
    assert card["n"] == 1 and card["downloaded"] == [address]
