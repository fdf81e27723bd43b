"""Modules that are imported only when something in them is really used.

Rasa's command line imports every classifier, policy, channel, broker and store it knows, and with them TensorFlow,
Keras, matplotlib and the clients of a dozen services: 20 seconds and 500 MB for a pipeline that uses none of them. A
finder in front of Python's own hands out stand-ins for the modules in `rasa_patches/heavy.py`. A name taken from a
stand-in is a promise; calling it, subclassing it or asking an attribute of it imports the real module, which then takes
the stand-in's place. So `config.diet.yml` and every command of Rasa still work: they import what they need.
"""

from __future__ import annotations

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import MappingProxyType, ModuleType
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

_ERRORS = ("Error", "Exception", "Failure", "Warning")
_API_NAMES = ("__version__", "__internal__")  # what libraries themselves offer under such a name
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Promise:
    """A name of a deferred module; behaves as the real thing from the moment it is used."""

    def __init__(self, module: str, name: str) -> None:
        """Remembers whose name it is; imports nothing."""
        self.__dict__.update(_promised=(module, name), __name__=name, __qualname__=name, __module__=module)

    def _real(self) -> Any:
        module, name = self.__dict__["_promised"]
        real = load(module)
        # `from package import module` is served too, as Python does it.
        return getattr(real, name) if hasattr(real, name) else load(f"{module}.{name}")

    def _loaded(self) -> Any:
        """The real thing when its module is in use already, else None."""
        module, name = self.__dict__["_promised"]
        found = sys.modules.get(module)
        return None if found is None or isinstance(found, StandIn) else getattr(found, name, None)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the real thing."""
        return self._real()(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        module, promised = self.__dict__["_promised"]
        if self._loaded() is None:
            known = _finder.answers.get(f"{module}.{promised}.{name}")
            if known is not None:
                return lambda: known
        return getattr(self._real(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._real(), name, value)

    def __mro_entries__(self, bases: Tuple[Any, ...]) -> Tuple[Any, ...]:
        return (self._real(),)

    def __instancecheck__(self, instance: Any) -> bool:
        real = self._loaded()
        return real is not None and isinstance(instance, real)  # nothing is an instance of what was never imported

    def __subclasscheck__(self, subclass: Any) -> bool:
        real = self._loaded()
        return real is not None and issubclass(subclass, real)

    def __eq__(self, other: Any) -> bool:
        if isinstance(other, Promise):
            return bool(self.__dict__["_promised"] == other.__dict__["_promised"])
        real = self._loaded()
        return real is not None and bool(real == other)

    def __hash__(self) -> int:
        return hash(self.__dict__["_promised"])

    def __getitem__(self, key: Any) -> Any:
        return self._real()[key]

    def __iter__(self) -> Any:
        return iter(self._real())

    def __repr__(self) -> str:
        return "<promise of {}.{}>".format(*self.__dict__["_promised"])


class StandIn(ModuleType):
    """What `import` gives for a deferred module: its names are promises, its exceptions catch nothing yet."""

    def __getattr__(self, name: str) -> Any:
        real = sys.modules.get(self.__name__)
        if _finder.root_of(self.__name__) is None or name in _API_NAMES:
            real = load(self.__name__)
        if real is not None and not isinstance(real, StandIn):
            return getattr(real, name)
        if name.startswith("__") and name.endswith("__"):  # Python itself looks for those on every module
            raise AttributeError(f"{self.__name__} is not imported yet and stands without {name}")
        promise: Any = _finder.answers.get(f"{self.__name__}.{name}")
        if promise is not None:
            return promise
        if name.endswith(_ERRORS):  # `except` takes classes only; what is not imported raises nothing
            promise = type(name, (Exception,), {"__module__": self.__name__})
        else:
            promise = Promise(self.__name__, name)
        self.__dict__[name] = promise
        return promise


class _StandInLoader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing runs."""


class _WatchedLoader(Loader):
    """Imports a module as usual, with some libraries hidden from it meanwhile, and does something afterwards."""

    def __init__(self, loader: Any, hidden: Tuple[str, ...], after: Optional[Callable[[], None]]) -> None:
        self._loader, self._hidden, self._after = loader, hidden, after

    def create_module(self, spec: ModuleSpec) -> Optional[ModuleType]:
        found: Optional[ModuleType] = self._loader.create_module(spec)
        return found

    def exec_module(self, module: ModuleType) -> None:
        seen = {name: sys.modules.get(name) for name in self._hidden}
        for name, found in seen.items():
            if found is None or isinstance(found, StandIn):
                sys.modules[name] = None  # type: ignore[assignment]
        try:
            self._loader.exec_module(module)
        finally:
            for name, found in seen.items():
                if found is not None:
                    sys.modules[name] = found
                elif sys.modules.get(name) is None:
                    sys.modules.pop(name, None)
        if self._after is not None:
            self._after()


class Deferring(MetaPathFinder):
    """Python asks it first for every module; it answers for the deferred and the watched ones."""

    def __init__(self) -> None:
        """Defers and watches nothing yet."""
        self.names: Set[str] = set()
        self.answers: Dict[str, Any] = {}
        self.hidden: Dict[str, Tuple[str, ...]] = {}
        self.after: Dict[str, Callable[[], None]] = {}
        self._lock = RLock()

    def find_spec(
        self, fullname: str, path: Optional[Sequence[str]] = None, target: Optional[ModuleType] = None
    ) -> Optional[ModuleSpec]:
        """A stand-in for a deferred module, the module itself for a watched one, None for all others."""
        if fullname in self.hidden or fullname in self.after:
            spec = PathFinder.find_spec(fullname, path)
            if spec is not None:
                hidden, after = self.hidden.get(fullname, ()), self.after.get(fullname)
                spec.loader = _WatchedLoader(spec.loader, hidden, after)
            return spec
        root = self.root_of(fullname)
        if root is None or (root == fullname and "." not in root and PathFinder.find_spec(root) is None):
            return None  # a missing module must fail where it is imported, as always
        return ModuleSpec(fullname, _StandInLoader(), is_package=True)

    def root_of(self, fullname: str) -> Optional[str]:
        """The deferred module that this one is or lies under."""
        parts = fullname.split(".")
        return next((root for n in range(1, len(parts) + 1) if (root := ".".join(parts[:n])) in self.names), None)

    def load(self, fullname: str) -> ModuleType:
        """Imports the real module; its root is deferred no longer."""
        with self._lock:
            root = self.root_of(fullname)
            if root is not None:
                self.names.discard(root)
                under = [n for n in sys.modules if n == root or n.startswith(root + ".")]
                kept = {n: sys.modules.pop(n) for n in under if isinstance(sys.modules[n], StandIn)}
                try:
                    importlib.import_module(root)
                except BaseException:
                    self.names.add(root)
                    sys.modules.update(kept)
                    raise
            return importlib.import_module(fullname)


_finder = Deferring()


def defer(
    names: Iterable[str],
    answers: Mapping[str, Any] = _NOTHING,
    hidden: Mapping[str, Tuple[str, ...]] = _NOTHING,
    after: Mapping[str, Callable[[], None]] = _NOTHING,
) -> None:
    """From now on these modules are imported only when used. Those in use already stay as they are.

    Args:
        names: modules and packages, with all that lies under them.
        answers: what need not be imported for its sake: {"module.name": the thing itself, "module.Class.method": what
            the method gives}.
        hidden: {module: libraries that it must not find}, for a module that imports all it finds.
        after: {module: what to do when it has been imported}; done at once for one in use already.
    """
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    _finder.names.update(name for name in names if name not in sys.modules)
    _finder.answers.update(answers)
    _finder.hidden.update(hidden)
    for module, action in after.items():
        if module in sys.modules:
            action()
        else:
            _finder.after[module] = action


def load(module: str) -> ModuleType:
    """The real module."""
    return _finder.load(module)


def deferred() -> List[str]:
    """Names of what is not imported yet."""
    return sorted(_finder.names)
