"""From photographs to an image set: choice, order, an index and a card."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import PIL

from lacuna.canonical import canonical_json, digest, digest_of
from lacuna.cells import printable
from lacuna.data import image_sources
from lacuna.data.crops import Crop
from lacuna.data.indexes import write_index
from lacuna.data.ledger import Ledger
from lacuna.data.origins import Origin, PassedOver, Photographs
from lacuna.data.rendering import Rendered, rendered
from lacuna.data.sizes import width_and_height
from lacuna.data.stems import passed_over_sentence
from lacuna.errors import LacunaError
from lacuna.files import MARK, empty_folder, write_json, write_rows

INDEX_COLUMNS = ["file", "origin", "origin_sha256", *(f"crop_{side}" for side in Crop._fields), "sha256"]
_MOST_NAMED = 100  # addresses in a card
_COMMIT_EVERY = 256  # images; what a killed job has stored since then is made again


class _ImageSet:
    """The folder that is being filled. Only `finish` makes it look finished."""

    def __init__(self, settings: dict, folder: Path, ledger: Ledger, asked: int):
        self.settings, self.folder, self.ledger, self.asked = settings, folder, ledger, asked
        self.digits = max(4, len(str(asked - 1)))
        self.added = 0

    def add(self, positions: range, numbers: range, origin: Origin, result: Rendered) -> None:
        """Store images of one origin under their numbers in the set."""
        for position, number, crop, png in zip(positions, numbers, result.crops, result.pngs, strict=True):
            file = f"{position:0{self.digits}d}.png"
            (self.folder / file).write_bytes(png)
            sha256 = hashlib.sha256(png).hexdigest()
            self.ledger.add(position, number, origin, file, crop, result.transparent, sha256)
            self.added += 1
            if self.added % _COMMIT_EVERY == 0:
                self.ledger.commit()

    def finish(self, output: Path) -> dict:
        """Write the card, then the index; return the card."""
        settings, ledger = self.settings, self.ledger
        size = width_and_height(settings["image_size"])
        n, origins, enlarged = ledger.facts(size[0])
        published = getattr(image_sources.load(settings["kind"]), "CARD", None)
        licence = settings.get("licence") or "not stated"
        if published and licence == "not stated":
            licence = published.licence
        passed_over = ledger.count("passed")
        card = {
            "name": settings["name"],
            "title": settings.get("title") or settings["name"],
            "n": n,
            "origins": origins,
            "size": list(size),
            "digest": digest_of(row["sha256"] for row in ledger.images(n)),
            "licence": licence,
            "note": settings.get("note") or "",
            "crop": settings["crop"],
            "recolour": settings.get("recolour") or 0.0,
            "resize": "Lanczos (Pillow, antialiased)",
            "enlarged": enlarged,
            "transparent": ledger.transparent()[0],
            "quarantined": ledger.count("unreadable"),
        }
        if published:
            card["published"] = published.facts()
        if "path" in settings or passed_over:
            card["passed_over"] = passed_over
        if downloaded := settings.get("downloaded"):
            card["downloaded"] = [f"{each['url']}#sha256={each['sha256']}" for each in downloaded[:_MOST_NAMED]]
        write_json(self.folder / "card.json", card)
        write_index(output, ledger.images(n), INDEX_COLUMNS, n)
        return card


def stage(settings: dict, output: Path, threads: int | None = None, made_by: str = "") -> dict:
    """Make the image set that `settings` describe in the folder of `output` (its index.csv); return its card.

    Photographs are put into an order that depends on the seed and their contents alone. With a `count` no larger than
    their number, the first readable ones give one image each; a larger `count`, allowed with random crops, is spread
    evenly over them. No `count` means one image of each. Images are cropped, resized with Lanczos' filter, given other
    colours if the settings say `recolour` (`lacuna.data.colours`), and stored as 8-bit RGB PNG.

    threads: how many processes work at once; as many as there are cores for us, if none are given. made_by: digest of
    the code that makes the images. Memory does not grow with their number (`lacuna.data.ledger`). A call with the same
    settings and code as one that was killed goes on where that stopped.

    Errors: a `LacunaError` when the source cannot be found, or when fewer images remain than were asked for. Then there
    is no index, and quarantine.csv says which photographs could not be read and which files were passed over.
    """
    _refuse_impossible(settings)
    photographs = image_sources.load(settings["kind"]).photographs(settings)
    folder = output.parent
    identity = digest(canonical_json(settings), made_by, PIL.__version__)
    ledger = Ledger(folder.with_name(f".{folder.name}.staging"), identity)
    try:
        card = _stage(settings, output, photographs, ledger, threads)
    except LacunaError:
        ledger.close(remove=True)
        raise
    except BaseException:
        ledger.close()
        raise
    ledger.close(remove=True)
    return card


def _stage(settings: dict, output: Path, photographs: Photographs, ledger: Ledger, threads: int | None) -> dict:
    listed, folders = ledger.take_down((_sort_key(settings, each), each) for each in photographs.listed)
    different = ledger.count("origin")
    print(f"{settings['name']}: {different} photographs, {listed - different} further copies passed over")
    _refuse_too_few(settings, different)
    asked = settings.get("count") or different
    if not (ledger.goes_on and (output.parent / MARK).is_file()):
        empty_folder(output.parent, folders)
    images = _ImageSet(settings, output.parent, ledger, asked)

    used = _one_image_each(images, photographs, threads)
    if used and asked > different:
        used = _more_images_of_each(images, photographs, used, threads)
    quarantined = ledger.count("unreadable")
    write_rows(images.folder / "quarantine.csv", _quarantine(ledger), ["origin", "reason"])
    for name, reason in ledger.unreadable():
        print(printable(f"quarantined {name}: {reason}"))
    if passed_over := [name for name, _ in ledger.passed_over()]:
        print(passed_over_sentence(f"the files of {settings['name']}", passed_over))
    number, some = ledger.transparent()
    if number:
        names = f"{printable(', '.join(some))} ({number} in all)"
        print(f"the alpha of transparent photographs was dropped, not their colours: {names}")
    if used < (settings.get("count") or 1):
        raise LacunaError(
            f"the image set {settings['name']} asks for {asked} images but only {used} remain, because "
            f"{quarantined} of {different} photographs cannot be read; "
            f"see {images.folder / 'quarantine.csv'}, then repair them or ask for fewer"
        )
    for file in ledger.cut(used):
        (images.folder / file).unlink(missing_ok=True)
    return images.finish(output)


def _sort_key(settings: dict, each: Origin | PassedOver) -> str:
    return digest(str(settings["seed"]), each.sha256) if isinstance(each, Origin) else ""


def _quarantine(ledger: Ledger) -> Iterator[dict]:
    for some in (ledger.unreadable(), ledger.passed_over()):
        yield from ({"origin": name, "reason": reason} for name, reason in some)


def _refuse_impossible(settings: dict) -> None:
    name, count = settings["name"], settings.get("count")
    if settings["crop"] not in ("center", "random"):
        raise LacunaError(f"the image set {name} asks for crop {settings['crop']!r}; choose center or random")
    if settings["crop"] == "random":
        scale = settings.get("crop_scale") or [0, 0]
        if not 0 < scale[0] <= scale[1] <= 1:
            raise LacunaError(f"random crops of {name} need a crop_scale [lo, hi] within (0, 1], not {scale}")
    if count is not None and count < 1:
        raise LacunaError(f"the image set {name} asks for {count} images; ask for at least one")


def _refuse_too_few(settings: dict, different: int) -> None:
    count = settings.get("count")
    if count and count > different and settings["crop"] == "center":
        raise LacunaError(
            f"the image set {settings['name']} asks for {count} images but has {different} different photographs; "
            f"ask for fewer, or set crop to random"
        )


def _one_image_each(images: _ImageSet, photographs: Photographs, threads: int | None) -> int:
    """One image of each of the first origins that can be read, as many as are asked for; return how many there are."""
    ledger, used = images.ledger, 0
    position = 0  # where the next image will lie as long as all photographs can be read

    def jobs() -> Iterator[tuple[Origin, range]]:
        nonlocal position
        for origin in ledger.origins():
            there = ledger.goes_on and ledger.stored(position, 0, origin, images.folder)
            position += 1
            yield origin, range(0 if there else 1)

    for origin, numbers, result in rendered(images.settings, photographs.read, jobs(), threads):
        if isinstance(result, str):
            ledger.mark_unreadable(origin, result)
            continue
        if numbers:
            images.add(range(used, used + 1), range(1), origin, result)
        used += 1
        if used == images.asked:
            break
    return used


def _more_images_of_each(images: _ImageSet, photographs: Photographs, used: int, threads: int | None) -> int:
    """Crops 1, 2, … of each origin, dealt in turns, so that every beginning of the set is as varied as it can be."""
    ledger = images.ledger

    def jobs() -> Iterator[tuple[Origin, range]]:
        for first, sha256 in enumerate(ledger.first_images(used)):
            origin, numbers = ledger.origin(sha256), range(1, len(range(first, images.asked, used)))
            places = [(first + k * used, k) for k in numbers]
            whole = ledger.goes_on and all(ledger.stored(*place, origin, images.folder) for place in places)
            yield origin, range(0) if whole else numbers

    for first, (origin, numbers, result) in enumerate(rendered(images.settings, photographs.read, jobs(), threads)):
        if isinstance(result, str):
            raise LacunaError(f"{origin.name} could be read once but not twice ({result}); stage the set again")
        if numbers:
            images.add(range(first, images.asked, used)[1:], numbers, origin, result)
    return images.asked
