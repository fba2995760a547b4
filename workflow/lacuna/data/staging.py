"""From photographs to an image set: choice, order, an index and a card."""

import hashlib
from pathlib import Path

from lacuna.canonical import digest
from lacuna.cells import printable
from lacuna.data import image_sources
from lacuna.data.crops import Crop
from lacuna.data.origins import Origin, distinct
from lacuna.data.rendering import Rendered, rendered
from lacuna.data.sizes import width_and_height
from lacuna.data.stems import passed_over_sentence
from lacuna.errors import LacunaError
from lacuna.files import empty_folder, write_json, write_rows

_MOST_NAMED = 100  # addresses in a card
INDEX_COLUMNS = ["file", "origin", "origin_sha256", *(f"crop_{side}" for side in Crop._fields), "sha256"]


class _ImageSet:
    """The folder that is being filled. Only `finish` makes it look finished."""

    def __init__(self, settings: dict, folder: Path, most: int, photographs: list[Path], passed_over: dict[str, str]):
        self.settings, self.folder = settings, empty_folder(folder, photographs)
        self.digits = max(4, len(str(most - 1)))
        self.rows: dict[int, dict] = {}
        self.quarantine: list[dict] = []
        self.passed_over = passed_over
        self.transparent: list[str] = []
        self.enlarged = 0

    def add(self, positions: range, origin: Origin, result: Rendered) -> None:
        """Store the images of one origin under their numbers in the set."""
        for position, crop, png in zip(positions, result.crops, result.pngs, strict=True):
            file = f"{position:0{self.digits}d}.png"
            (self.folder / file).write_bytes(png)
            self.enlarged += crop.width < width_and_height(self.settings["image_size"])[0]
            values = [file, origin.name, origin.sha256, *crop, hashlib.sha256(png).hexdigest()]
            self.rows[position] = dict(zip(INDEX_COLUMNS, values, strict=True))

    def finish(self, output: Path) -> dict:
        """Write the card, then the index; return the card."""
        rows = [self.rows[position] for position in sorted(self.rows)]
        settings = self.settings
        card = {
            "name": settings["name"],
            "title": settings.get("title") or settings["name"],
            "n": len(rows),
            "origins": len({row["origin_sha256"] for row in rows}),
            "size": list(width_and_height(settings["image_size"])),
            "digest": digest(*(row["sha256"] for row in rows)),
            "licence": settings.get("licence") or "not stated",
            "note": settings.get("note") or "",
            "crop": settings["crop"],
            "recolour": settings.get("recolour") or 0.0,
            "resize": "Lanczos (Pillow, antialiased)",
            "enlarged": self.enlarged,
            "transparent": len(self.transparent),
            "quarantined": len(self.quarantine),
        }
        if "path" in settings or self.passed_over:
            card["passed_over"] = len(self.passed_over)
        if downloaded := settings.get("downloaded"):
            card["downloaded"] = [f"{each['url']}#sha256={each['sha256']}" for each in downloaded[:_MOST_NAMED]]
        write_json(self.folder / "card.json", card)
        write_rows(output, rows, INDEX_COLUMNS)
        return card


def stage(settings: dict, output: Path) -> dict:
    """Make the image set that `settings` describe in the folder of `output` (its index.csv); return its card.

    Photographs are put into an order that depends on the seed and their contents alone. With a `count` no larger than
    their number, the first readable ones give one image each; a larger `count`, allowed with random crops, is spread
    evenly over them. No `count` means one image of each. Images are cropped, resized with Lanczos' filter, given other
    colours if the settings say `recolour` (`lacuna.data.colours`), and stored as 8-bit RGB PNG.

    Errors: a `LacunaError` when the source cannot be found, or when fewer images remain than were asked for. Then there
    is no index, and quarantine.csv says which photographs could not be read and which files were passed over.
    """
    origins, passed_over = _origins(settings)
    asked = settings.get("count") or len(origins)
    _refuse_impossible(settings, origins)
    origins.sort(key=lambda origin: digest(str(settings["seed"]), origin.sha256))
    images = _ImageSet(settings, output.parent, asked, [origin.path for origin in origins], passed_over)

    used = _one_image_each(images, origins, asked)
    if used and asked > len(origins):
        _more_images_of_each(images, used, asked)
    others = [{"origin": name, "reason": reason} for name, reason in passed_over.items()]
    write_rows(images.folder / "quarantine.csv", [*images.quarantine, *others], ["origin", "reason"])
    for row in images.quarantine:
        print(printable(f"quarantined {row['origin']}: {row['reason']}"))
    if passed_over:
        print(passed_over_sentence(f"the files of {settings['name']}", list(passed_over)))
    if images.transparent:
        some = f"{printable(', '.join(images.transparent[:5]))} ({len(images.transparent)} in all)"
        print(f"the alpha of transparent photographs was dropped, not their colours: {some}")
    if len(images.rows) < (settings.get("count") or 1):
        raise LacunaError(
            f"the image set {settings['name']} asks for {asked} images but only {len(images.rows)} remain, because "
            f"{len(images.quarantine)} of {len(origins)} photographs cannot be read; "
            f"see {images.folder / 'quarantine.csv'}, then repair them or ask for fewer"
        )
    return images.finish(output)


def _origins(settings: dict) -> tuple[list[Origin], dict[str, str]]:
    """The photographs to choose from, each content once, and name → reason of the files passed over."""
    origins, passed_over = image_sources.load(settings["kind"]).origins(settings)
    once = distinct(origins)
    print(f"{settings['name']}: {len(once)} photographs, {len(origins) - len(once)} further copies passed over")
    return once, passed_over


def _refuse_impossible(settings: dict, origins: list[Origin]) -> None:
    name, count = settings["name"], settings.get("count")
    if settings["crop"] not in ("center", "random"):
        raise LacunaError(f"the image set {name} asks for crop {settings['crop']!r}; choose center or random")
    if settings["crop"] == "random":
        scale = settings.get("crop_scale") or [0, 0]
        if not 0 < scale[0] <= scale[1] <= 1:
            raise LacunaError(f"random crops of {name} need a crop_scale [lo, hi] within (0, 1], not {scale}")
    if count is not None and count < 1:
        raise LacunaError(f"the image set {name} asks for {count} images; ask for at least one")
    if count and count > len(origins) and settings["crop"] == "center":
        raise LacunaError(
            f"the image set {name} asks for {count} images but has {len(origins)} different photographs; "
            f"ask for fewer, or set crop to random"
        )


def _one_image_each(images: _ImageSet, origins: list[Origin], asked: int) -> list[Origin]:
    """One image of each of the first `asked` origins that can be read; return those origins."""
    used: list[Origin] = []
    for origin, result in rendered(images.settings, [(origin, range(1)) for origin in origins]):
        if isinstance(result, str):
            images.quarantine.append({"origin": origin.name, "reason": result})
            continue
        images.add(range(len(used), len(used) + 1), origin, result)
        images.transparent += [origin.name] * result.transparent
        used.append(origin)
        if len(used) == asked:
            break
    return used


def _more_images_of_each(images: _ImageSet, used: list[Origin], asked: int) -> None:
    """Crops 1, 2, … of each origin, dealt in turns, so that every beginning of the set is as varied as it can be."""
    positions = [range(first, asked, len(used))[1:] for first in range(len(used))]
    jobs = [(origin, range(1, 1 + len(some))) for origin, some in zip(used, positions, strict=True)]
    for some, (origin, result) in zip(positions, rendered(images.settings, jobs), strict=True):
        if isinstance(result, str):
            raise LacunaError(f"{origin.name} could be read once but not twice ({result}); stage the set again")
        images.add(some, origin, result)
