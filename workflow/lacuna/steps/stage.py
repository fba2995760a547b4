"""Make an image set: photographs, cropped and resized, with an index and a card."""

from lacuna.data.staging import stage
from lacuna.digests import code_digest
from lacuna.files import read_json


def run(task) -> None:
    for record in task.files("downloads"):
        task.settings["downloaded"] = read_json(record)["files"]
    code = code_digest((__name__, f"lacuna.data.image_sources.{task.settings['kind']}"))
    card = stage(task.settings, task.out("index"), task.threads, code)
    print(
        f"{card['name']}: {card['n']} images of {card['origins']} photographs, "
        f"{card['size'][0]}x{card['size'][1]}, digest {card['digest']}"
    )
