"""The part of ``dataclasses`` that is used here, without its start: that compiles code for every class.

Measured with fifty classes: 50 ms in Python 3.12, a third of a small install, against 5 ms.
Code is compiled for the constructors alone of which a run makes many instances. Instances have slots. The
functions of ``dataclasses`` take these classes, too.
"""

from __future__ import annotations

from operator import attrgetter

__all__ = ["dataclass", "field", "replace"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    _MANY = 200

    class field:
        """A field whose default is made anew for each instance, or that is left out of comparisons."""

        def __init__(self, *, default_factory=None, default=None, compare=True):
            self.make = default_factory
            self.default = default
            self.compare = compare

    def replace(instance, /, **changes):
        """Return a copy with other values of some fields."""
        values = {name: getattr(instance, name) for name in instance.__match_args__}
        return type(instance)(**{**values, **changes})

    def dataclass(cls=None, /, *, frozen=False, eq=True):
        """Give a class with annotations its constructor, comparison and representation."""
        return _made(cls, frozen, eq) if cls is not None else lambda cls: _made(cls, frozen, eq)

    def _made(cls, frozen, eq):
        body = dict(cls.__dict__)
        own = tuple(cls.__annotations__)
        names = tuple(dict.fromkeys((*getattr(cls, "__match_args__", ()), *own)))
        defaults = dict(getattr(cls, "_defaults", ()))
        aside = set()
        for name in own:
            if name in body:
                default = body.pop(name)
                if isinstance(default, field):
                    if not default.compare:
                        aside.add(name)
                    default = default if default.make else default.default
                defaults[name] = default
        values = _getter(names)
        compared = _getter([name for name in names if name not in aside]) if aside else values
        body.pop("__dict__", None)
        body.pop("__weakref__", None)
        body.update(
            _METHODS,
            __slots__=own,
            __match_args__=names,
            __dataclass_fields__=_Fields(),
            _defaults=defaults,
            _values=values,
            _compared=compared,
        )
        if frozen:
            body.update(_FROZEN)
        if eq:
            body.update(__eq__=_equal, __hash__=_hash if frozen else None)
        made = type(cls)(cls.__name__, cls.__bases__, body)
        made.__init__ = _constructor(made, names)
        return made

    def _getter(names):
        """Return a property: the values of all these fields."""
        return property(attrgetter(*names) if names[1:] else lambda self: (getattr(self, names[0]),))

    def _constructor(cls, names):
        count, known = len(names), set(names)
        setters = [getattr(cls, name).__set__ for name in names]
        defaults = cls._defaults
        made = [name for name, default in defaults.items() if isinstance(default, field)]
        finish = getattr(cls, "__post_init__", None)
        calls = 0

        def __init__(self, *values, **named):
            nonlocal calls
            calls += 1
            if calls == _MANY and not made:
                cls.__init__ = _compiled(cls, names, setters, defaults, finish)
            if not values and named.keys() == known:
                values = map(named.__getitem__, names)
            elif named or len(values) != count:
                given = {**defaults, **dict(zip(names, values, strict=False)), **named}
                if (
                    given.keys() != known
                    or not named.keys().isdisjoint(names[: len(values)])
                    or values[count:]
                ):
                    raise _wrong(cls, names, values, named)
                for name in made:
                    if given[name] is defaults[name]:
                        given[name] = defaults[name].make()
                values = [given[name] for name in names]
            for put, value in zip(setters, values):  # noqa: B905 they are as many
                put(self, value)
            if finish:
                finish(self)

        return __init__

    def _compiled(cls, names, setters, defaults, finish):
        """Compile a constructor, for 0.3 ms."""
        scope = {f"__put_{name}": put for name, put in zip(names, setters, strict=True)}
        scope.update(__defaults=defaults, __finish=finish)
        heads = (f"{name}=__defaults[{name!r}]" if name in defaults else name for name in names)
        lines = [f"__put_{name}(self, {name})" for name in names] + ["__finish(self)"] * bool(finish)
        exec(f"def __init__(self, {', '.join(heads)}):\n  " + "\n  ".join(lines), scope)  # noqa: S102
        made = scope["__init__"]
        made.__qualname__ = f"{cls.__qualname__}.__init__"
        return made

    def _wrong(cls, names, values, named):
        surplus = [*values[len(names) :], *(name for name in named if name not in names[len(values) :])]
        missing = [name for name in names[len(values) :] if name not in {*named, *cls._defaults}]
        return TypeError(f"{cls.__name__}() lacks {missing} and has {surplus} too much")

    class _Fields:
        """Makes what ``dataclasses.fields`` and ``asdict`` look at, when they do."""

        def __get__(self, instance, cls):
            import dataclasses

            fields = [
                (name, "object", dataclasses.field(**_default(cls._defaults[name])))
                if name in cls._defaults
                else (name, "object")
                for name in cls.__match_args__
            ]
            found = dataclasses.make_dataclass(cls.__name__, fields).__dataclass_fields__
            cls.__dataclass_fields__ = found
            return found

    def _default(value):
        return {"default_factory": value.make} if isinstance(value, field) else {"default": value}

    def _equal(self, other):
        return self._compared == other._compared if other.__class__ is self.__class__ else NotImplemented

    def _hash(self):
        return hash(self._compared)

    def _shown(self):
        pairs = zip(self.__match_args__, self._values, strict=True)
        return f"{type(self).__qualname__}({', '.join(f'{name}={value!r}' for name, value in pairs)})"

    def _reduced(self):
        return type(self), self._values

    def _refuse(self, name, *value):
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to or delete field {name!r}")

    _METHODS = {"__repr__": _shown, "__reduce__": _reduced, "__replace__": replace}
    _FROZEN = {"__setattr__": _refuse, "__delattr__": _refuse}
