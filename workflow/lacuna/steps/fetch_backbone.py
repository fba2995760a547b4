"""Fetch a published network by its hash, and store its weights with origin and licence beside them."""

import time

from lacuna.backbones.fetching import fetch


def run(task) -> None:
    start, output = time.perf_counter(), task.out("weights")
    card = fetch(task.settings["name"], output)
    print(
        f"{output}: {output.stat().st_size / 1e6:.1f} MB from {card['origin']} ({card['file']}), weights verified, "
        f"{time.perf_counter() - start:.1f} s"
    )
