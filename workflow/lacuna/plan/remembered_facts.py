"""What the plan must know of a system, asked of its own file and remembered.

A deep system's file imports torch, which takes seconds and may not be there. The answer is therefore taken from
`lacuna.recorded`, or cached under the digest of the code that gave it: asked again only when that code or the settings
changed.
"""

from functools import partial
from pathlib import Path

from lacuna import recorded
from lacuna.canonical import canonical_json


def remembered_facts(name: str, settings: dict, cache_folder: Path) -> dict:
    """What the plan must know of a system at these settings.

    `title`, `kind`, `trained`, `draws` (whether a prediction depends on a seed), `backbones` (names of the pretrained
    networks its training loads), `augmentation` (what `training: augment: authors` does, or None); `minimal_size` and
    `size_multiple` (pixels) of the heights and widths that it is trained at, 1 where there is no network;
    and `scale` (`lacuna.systems._scale`, None without a network).

    A setting that its recipe does not know is a `LacunaError`, as is a system that does not exist, a network that
    nobody could build, and a question that takes packages which are not installed.
    """
    what = f"what system '{name}' needs at these settings"
    ask = partial(asked_facts, name, settings)
    return recorded.remembered("facts", name, canonical_json(settings), deciding(name), cache_folder, ask, what)


def deciding(name: str) -> tuple[str, ...]:
    """The modules that say the facts of a system."""
    return (f"lacuna.systems.{name}", "lacuna.systems._outline", "lacuna.systems._scale", __name__)


def asked_facts(name: str, settings: dict) -> dict:
    """The same, asked of the system's file in any case."""
    from lacuna import systems
    from lacuna.systems._facts import make_recipe

    system = systems.system_class(name)
    recipe = make_recipe(system.Recipe, settings, name)
    sizes, size = {"minimal_size": 1, "size_multiple": 1}, None
    if system.facts.kind != "classical":
        from lacuna.systems._outline import check_outline
        from lacuna.systems._scale import scale

        outline = check_outline(name, settings, "these")
        sizes = {of: getattr(outline, of) for of in sizes}
        size = scale(name, settings)
    return {
        "title": system.facts.title,
        "kind": system.facts.kind,
        "trained": system.facts.kind == "deep",
        "draws": system.draws_with(recipe),
        "backbones": list(system.backbones(recipe)),
        "augmentation": system.facts.augmentation,
        **sizes,
        "scale": size,
    }
