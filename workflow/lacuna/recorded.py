"""What planning must know and only torch, OpenCV or an installed package could say, as the shipped configs ask for it.

Snakemake and PyYAML alone therefore plan these runs, such as where `--sdm conda` installs everything else. Each answer
stands under the digest of the code that gave it: where that differs, the code is asked. `python -m lacuna.plan` makes
the file; a test holds it to the code.
"""

import json
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from lacuna.canonical import canonical_json, digest
from lacuna.digests import code_digest, code_digests
from lacuna.errors import LacunaError
from lacuna.files import read_json, write_json

FILE = Path(__file__).with_name("recorded.json")
# Of the modules behind an answer, those that decide it. Whether a network can be built hangs on `lacuna.nn` too; the
# test builds it.
DECIDING = ("lacuna.systems", "lacuna.adaptation")


@cache
def _recorded() -> dict:
    return json.loads(FILE.read_text(encoding="utf-8"))


def deciding_code(roots: tuple[str, ...]) -> str:
    """One digest of the modules that decide an answer."""
    digests = code_digests(roots)
    return digest(canonical_json({name: digests[name] for name in digests if name.startswith(DECIDING)}))


def answer(question: str, name: str, asked: str, roots: tuple[str, ...]) -> dict | None:
    """The recorded answer to `question` (`facts`, `fitness`) about a system; None where nothing is known of this code.

    asked: what the answer depends on besides, as a text. roots: the modules that would be asked.
    """
    about = _recorded()[question].get(name)
    return about["answers"].get(asked) if about and about["code"] == deciding_code(roots) else None


def photograph(spec: str) -> str | None:
    """SHA-256 of the file of a spec (`lacuna.data.packages`) in the pinned version of its package, where that is not
    installed beside Snakemake; None where it is, or where the file is not recorded."""
    name = spec.partition("[")[0]
    if name not in _recorded()["photographs"] or find_spec(name.partition(":")[0].partition(".")[0]):
        return None
    return _recorded()["photographs"][name]


def remembered(
    question: str, name: str, asked: str, roots: tuple[str, ...], folder: Path, ask: Callable[[], dict], what: str
) -> dict:
    """The recorded answer (as `answer`); else what the code said before, by its digest, in `folder`; else `ask()`.

    what: is to be found out, for the `LacunaError` where a package that asking takes is not installed.
    """
    if found := answer(question, name, asked, roots):
        return found
    known = folder / question / f"{digest(name, asked, code_digest(roots))}.json"
    if not known.exists():
        try:
            write_json(known, ask())
        except ImportError as error:
            raise LacunaError(
                f"{what} is not recorded, and to find out takes {error.name or 'a package'}, which is not installed "
                "beside Snakemake; install the packages of requirements.lock there"
            ) from None
    return read_json(known)
