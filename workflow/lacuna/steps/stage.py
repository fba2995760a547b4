"""Make an image set: photographs, cropped and resized, with an index and a card."""

from lacuna.data.staging import stage
from lacuna.files import read_json


def run(task) -> None:
    for record in task.files("downloads"):
        task.settings["downloaded"] = read_json(record)["files"]
    card = stage(task.settings, task.out("index"))
    print(
        f"{card['name']}: {card['n']} images of {card['origins']} photographs, "
        f"{card['size'][0]}x{card['size'][1]}, digest {card['digest']}"
    )
