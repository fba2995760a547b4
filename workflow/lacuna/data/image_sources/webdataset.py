"""Pictures in WebDataset shards: tars in which files of one stem belong together, such as 0001.jpg and 0001.json."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from lacuna.data.image_sources._shards import ShardKeys, check, files
from lacuna.data.origins import Photographs
from lacuna.errors import LacunaError
from lacuna.keys import key

__all__ = ["Keys", "check", "files", "photographs"]


@dataclass(frozen=True, kw_only=True)
class Keys(ShardKeys):
    """Which shards, and which files of a sample are its picture."""

    extensions: list[str] = key(
        "what follows the first dot in the name of a sample's picture; `seg.png` is another extension than `png`",
        ["jpg", "jpeg", "png", "webp"],
        least=1,
    )


def photographs(settings: dict) -> Photographs:
    """The pictures of all samples, in order; the other files of a sample are not listed.

    Errors: a `LacunaError` for what is no archive or is damaged, and where no picture is left.
    """
    from lacuna.data.image_sources._members import opened
    from lacuna.data.image_sources._pictures import pictures_of

    extensions = set(settings.get("extensions") or ["jpg", "jpeg", "png", "webp"])

    def wanted(name: str) -> bool:
        return PurePosixPath(name).name.partition(".")[2].lower() in extensions

    def none_found() -> LacunaError:
        return LacunaError(
            f"no sample of {settings['shards']} has a picture called {', '.join(sorted(extensions))}; correct "
            "'extensions' or 'shards'"
        )

    return pictures_of([opened(path) for path in files(settings)], wanted, none_found)
