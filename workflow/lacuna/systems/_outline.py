"""Whether a system can be built at its settings, found without the memory that it would take."""

import torch
from torch.nn.modules.module import register_module_parameter_registration_hook

from lacuna import systems
from lacuna.errors import LacunaError

MOST_PARAMETERS = 20_000  # arrays; the largest of the systems has 675, and more take longer and longer to make
MOST_VALUES = 2**31  # the largest of the systems has 0.1 of a billion


def check_outline(name: str, settings: dict, whose: str):
    """The system without its values; a `LacunaError` about `whose` settings if to build it is endless or overflows.

    Errors in the settings themselves are the system's own `LacunaError`.
    """
    count, values = 0, 0

    def add(module, parameter_name, parameter):
        nonlocal count, values
        count += 1
        values += 0 if parameter is None else parameter.numel()
        if count > MOST_PARAMETERS or values > MOST_VALUES:
            raise _TooLarge

    hook = register_module_parameter_registration_hook(add)
    try:
        with torch.device("meta"):
            return systems.create(name, **settings)
    except LacunaError:
        raise
    except (_TooLarge, RuntimeError, TypeError, ValueError, OverflowError, MemoryError, ZeroDivisionError):
        shown = ", ".join(f"{key} {value}" for key, value in settings.items() if type(value) is int)
        raise LacunaError(
            f"no network of system '{name}' can be built at {whose} settings ({shown}); correct them"
        ) from None
    finally:
        hook.remove()


class _TooLarge(Exception):
    pass
