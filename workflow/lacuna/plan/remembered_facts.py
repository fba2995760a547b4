"""What the plan must know of a system, asked of its own file and remembered.

A deep system's file imports torch, which takes seconds. The answer is therefore cached under the digest of the code
that gave it: asked again only when that code or the settings changed.
"""

from pathlib import Path

from lacuna.canonical import canonical_json, digest
from lacuna.digests import code_digest
from lacuna.files import read_json, write_json


def remembered_facts(name: str, settings: dict, cache_folder: Path) -> dict:
    """What the plan must know of a system at these settings.

    `title`, `kind`, `trained`, `backbones` (names of the pretrained networks its training loads); `minimal_size` and
    `size_multiple` (pixels) of the heights and widths that it is trained at, 1 where there is no network.

    A setting that its recipe does not know is a `LacunaError`, as is a system that does not exist, and a network that
    nobody could build.
    """
    from lacuna import systems
    from lacuna.systems._facts import make_recipe

    code = code_digest((f"{systems.__name__}.{name}", __name__))
    remembered = cache_folder / "systems" / f"{digest(name, canonical_json(settings), code)}.json"
    if not remembered.exists():
        system = systems.system_class(name)
        recipe = make_recipe(system.Recipe, settings, name)
        sizes = {"minimal_size": 1, "size_multiple": 1}
        if system.facts.kind != "classical":
            from lacuna.systems._outline import check_outline

            outline = check_outline(name, settings, "these")
            sizes = {of: getattr(outline, of) for of in sizes}
        facts = {
            "title": system.facts.title,
            "kind": system.facts.kind,
            "trained": system.facts.kind == "deep",
            "backbones": list(system.backbones(recipe)),
            **sizes,
        }
        write_json(remembered, facts)
    return read_json(remembered)
