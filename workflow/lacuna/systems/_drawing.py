"""Whether a system draws: whether another seed has another prediction."""

from typing import Any, ClassVar


class Drawing:
    """What systems of every kind say of it, at the settings of their `recipe`."""

    recipe: Any
    #: settings at which predictions are drawn, so that every seed has one of its own; None: no settings do that
    drawing: ClassVar[dict[str, object] | None] = None

    @classmethod
    def draws_with(cls, recipe) -> bool:
        """Whether predictions at the settings of a recipe depend on the seed of `draw_from`."""
        wanted = cls.drawing
        return wanted is not None and all(getattr(recipe, name) == value for name, value in wanted.items())

    @property
    def draws(self) -> bool:
        """The same at the settings of this system."""
        return self.draws_with(self.recipe)
