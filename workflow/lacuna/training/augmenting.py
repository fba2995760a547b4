"""What a training does to pictures and masks: what its budget asks for, or what the system's authors do."""

from lacuna.data.augmentation import Augmentation
from lacuna.errors import LacunaError
from lacuna.systems import system_class
from lacuna.training.settings import Budget


def augmentation(budget: Budget, system: str) -> dict:
    """What `training_batches` does to pictures and masks: `flip`, `recolour`, `negatives` and `augment`.

    Errors: a `LacunaError` where the system's authors are asked for and what they do cannot be done here.
    """
    asked = budget.augment
    if asked == "none":
        return {"flip": False}
    here = {"flip": budget.flip, "recolour": budget.recolour, "negatives": budget.negatives}
    if asked == "authors":
        theirs = system_class(system).facts.augmentation
        if theirs is None:
            raise LacunaError(
                f"what the authors of system '{system}' do to pictures and masks in training is not known or cannot be "
                "done here; give augment keys of your own, or leave it out"
            )
        here["flip"] = theirs["flip"]
        return here | {"augment": Augmentation(**{name: value for name, value in theirs.items() if name != "flip"})}
    return here | {"augment": Augmentation(**asked) if isinstance(asked, dict) else None}
