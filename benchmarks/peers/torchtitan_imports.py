"""Lets torchtitan be imported where some packages are missing that a step does not need, and with a PyTorch that is older than its own: what is missing is put in place as
names that do nothing."""

import contextlib
import dataclasses
import importlib
import importlib.util
import re
import sys
import types

PACKAGES = ("tyro", "torchdata", "datasets", "spmd_types")


class Anything(type):
    """The type of names that do nothing: their attributes, items and alternatives are such names too."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return nothing(name)

    def __getitem__(cls, item):
        return cls

    def __or__(cls, other):
        return cls

    __ror__ = __or__


class Nothing(metaclass=Anything):
    """A class that takes any arguments, and a context in which nothing changes."""

    def __init__(self, *args, **kwargs):
        pass

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: args[0] if args else Nothing()

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        return False


def nothing(name):
    return Anything(name, (Nothing,), {})


@dataclasses.dataclass(frozen=True)
class Shard:
    """What spmd_types says of a tensor that is split: the dimension."""

    dim: int


# What is more than a name. Of spmd_types: placements of parameters; what wraps a function or a class, or is entered in every step. Of torchdata: a base class.
KNOWN = {
    "R": "replicated",
    "I": "invariant",
    "P": "partial",
    "V": "varying",
    "S": Shard,
    "Shard": Shard,
    "register_autograd_function": lambda wrapped: wrapped,
    "local_map": lambda **_: lambda function: function,
    "no_typecheck": contextlib.nullcontext,
    "local": contextlib.nullcontext,
    "StatefulDataLoader": type("StatefulDataLoader", (), {}),
}


class Package(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return KNOWN.get(name) or nothing(name)


class Finder:
    """Finds the missing packages, and all that lies in them."""

    def __init__(self, missing):
        self.missing = missing

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.missing:
            return importlib.util.spec_from_loader(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return Package(spec.name)

    def exec_module(self, module):
        pass


def prepare(*modules):
    """Imports the named modules; tells on standard error what was put in place for that."""
    missing = {name for name in PACKAGES if importlib.util.find_spec(name) is None}
    sys.meta_path.append(Finder(missing))
    absent = []
    for module in modules:
        while True:
            try:
                importlib.import_module(module)
                break
            except ImportError as error:
                named = re.match(r"cannot import name '(\w+)' from '(torch[\w.]*)'", str(error))
                if named is None or named[2].startswith("torchtitan") or f"{named[2]}.{named[1]}" in absent:
                    raise
                absent.append(f"{named[2]}.{named[1]}")
                setattr(sys.modules[named[2]], named[1], nothing(named[1]))
                for loaded in [name for name in sys.modules if name.split(".")[0] == "torchtitan"]:
                    del sys.modules[loaded]
    print(f"not there, and not needed: {', '.join(sorted(missing) + absent) or 'none'}", file=sys.stderr)
