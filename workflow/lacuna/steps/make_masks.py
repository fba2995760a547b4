"""Make a mask set: masks in equal numbers per coverage bin, with an index and a card."""

from lacuna.data.masks.building import make_masks


def run(task) -> None:
    card = make_masks(task.settings, task.out("index"))
    print(
        f"{card['name']}: {card['n']} masks ({card['kind']}), mean coverage {card['mean_coverage']:.1%}, "
        f"per bin {card['bins']}, digest {card['digest']}"
    )
