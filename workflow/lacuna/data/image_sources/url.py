"""Pictures in the network, by address and hash."""

from dataclasses import dataclass
from pathlib import Path

from lacuna.data.origins import Origin, Photographs
from lacuna.downloading import ADDRESS, FORM
from lacuna.errors import LacunaError
from lacuna.keys import key


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Which pictures."""

    urls: list[str] = key(
        "list of `https://…#sha256=…`, one picture each; a rule downloads them into `results/downloads`",
        least=1,
        form=(ADDRESS, FORM),
    )


def check(entry: dict, where: str) -> None:
    """Nothing: the addresses' form is that of the key."""


def downloads(entry: dict) -> list[str]:
    """The addresses of what is needed."""
    return list(entry["urls"])


def photographs(settings: dict) -> Photographs:
    """The photographs that were downloaded, called as their addresses end; no file is passed over.

    `settings["downloaded"]` is what `lacuna.data.downloads.fetch` returned.
    """
    from lacuna.data.decoding import decode

    found = []
    for each in settings["downloaded"]:
        path = Path(each["path"])
        if not path.is_file():
            raise LacunaError(f"{path} is missing, which came from {each['url']}; run the rule fetch_data again")
        found.append(Origin(path.name, each["sha256"], str(path), path))
    return Photographs(found, decode)
