"""A pickle reader for PyTorch's files that makes tensors, arrays and plain containers, and runs nothing else.

`torch.load(…, pickle_module=this)` reads the file around it. Checkpoints hold more than tensors: Lightning's callbacks,
NumPy's scalars, the arguments of a command. Whatever a pickle names that is not known here becomes an empty class of
that name, so that the tensors beside it can be read. Nothing of the named module is imported.
"""

import codecs
import pickle
from collections import OrderedDict
from collections.abc import Callable

import numpy as np
import torch

STAND_IN = "lacuna.stand_in"  # `__module__` of the classes that are made here


class _Fixed(type):
    """A class that a pickle cannot change."""

    def __setattr__(cls, name, value):
        raise pickle.UnpicklingError("it would change a class")


class Inert(dict, metaclass=_Fixed):
    """An object of a class that was not imported; it keeps items, as some of those objects are dictionaries."""

    def __new__(cls, *_, **__):
        return dict.__new__(cls)

    def __init__(self, *_, **__):
        super().__init__()

    __hash__ = object.__hash__  # type: ignore[assignment]  # dictionaries have none, and pickles may use one as a key
    __eq__ = object.__eq__

    def __setstate__(self, state):
        """Its attributes are not needed."""

    def append(self, item):
        """Nor is what it lists."""

    def extend(self, items):
        """Nor are they."""

    add = append

    def __call__(self, *_):
        return self


class _Maker:
    """A function that a pickle may call; it has no state that a pickle could change."""

    __slots__ = ("_call",)
    _call: Callable

    def __init__(self, call):
        object.__setattr__(self, "_call", call)

    def __call__(self, *args):
        return self._call(*args)

    def __setattr__(self, name, value):
        raise pickle.UnpicklingError("it would change a function")

    def __setstate__(self, state):
        raise pickle.UnpicklingError("it would change a function")


def _tensor(storage, offset, size, stride, *_):
    """`torch._utils._rebuild_tensor_v2`; the rest of its arguments, gradients and hooks, no weights need."""
    return torch.tensor([], dtype=storage.dtype).set_(storage._untyped_storage, offset, tuple(size), tuple(stride))


def _of_type(make, _, args, __):
    """`torch._tensor._rebuild_from_type_v2`: a tensor of a subclass, as a plain one."""
    if not isinstance(make, _Maker):
        raise pickle.UnpicklingError("it holds a tensor of an unknown class")
    return make(*args)


def _encoded(text, encoding="utf-8"):
    """How old pickles write bytes."""
    if encoding not in ("latin1", "utf-8"):
        raise pickle.UnpicklingError(f"it holds bytes as {encoding}")
    return codecs.encode(text, encoding)


_KNOWN = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor"): _Maker(_tensor),
    ("torch._utils", "_rebuild_tensor_v2"): _Maker(_tensor),
    ("torch._utils", "_rebuild_parameter"): _Maker(lambda data, *_: data),
    ("torch._utils", "_rebuild_parameter_with_state"): _Maker(lambda data, *_: data),
    ("torch._tensor", "_rebuild_from_type_v2"): _Maker(_of_type),
    ("torch", "Size"): _Maker(tuple),
    ("torch", "device"): _Maker(lambda *args: args),
    ("_codecs", "encode"): _Maker(_encoded),
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    **{("torch", name): value for name, value in vars(torch).items() if isinstance(value, torch.dtype)},
}
for _package in ("numpy.core", "numpy._core"):  # as NumPy 1 and NumPy 2 spell it
    # the functions are taken from NumPy's own way of pickling, so that no private module is imported
    _KNOWN[f"{_package}.multiarray", "_reconstruct"] = _Maker(np.zeros(0).__reduce__()[0])
    _KNOWN[f"{_package}.numeric", "_frombuffer"] = _Maker(np.zeros(0).__reduce_ex__(5)[0])
    _KNOWN[f"{_package}.multiarray", "scalar"] = _Maker(np.float32(0).__reduce__()[0])


class Unpickler(pickle.Unpickler):
    """One that imports nothing."""

    def find_class(self, module: str, name: str):
        if (module, name) in _KNOWN:
            return _KNOWN[module, name]
        return _Fixed("StandIn", (Inert,), {"__module__": STAND_IN, "__qualname__": f"{module}.{name}"})


def load(file, **options):
    """As `pickle.load`."""
    return Unpickler(file, **options).load()
