"""Make an image set: photographs, cropped and resized, with an index and a card."""

from lacuna.data.staging import stage


def run(task) -> None:
    card = stage(task.settings, task.out("index"))
    print(
        f"{card['name']}: {card['n']} images of {card['origins']} photographs, "
        f"{card['size'][0]}x{card['size'][1]}, digest {card['digest']}"
    )
