"""A field that has no value: an error, nothing by choice, or noted and nothing for now."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from jinja2 import ChainableUndefined, StrictUndefined, Undefined, UndefinedError


class FieldMissing(UndefinedError):
    """What was used without a value, and what it was looked for in."""

    def __init__(self, absent: Undefined) -> None:
        super().__init__(absent._undefined_message)
        self.name = name_of(absent)
        self.within = absent._undefined_obj


@dataclass(frozen=True, slots=True)
class NoRow:
    """What a look-up found: a missing field, so the options say what becomes of it."""

    name: str


def name_of(absent: Undefined) -> str:
    """`Name`, or `rows[99]` for a row that is not there."""
    name: Any = absent._undefined_name
    if isinstance(absent._undefined_obj, list | tuple):
        return f"rows[{name}]"
    return str(name)


def alike_in(within: object) -> list[str]:
    """The names that `within` does have."""
    return [str(name) for name in within] if isinstance(within, Mapping) else []


class Strict(StrictUndefined):
    """An error wherever it is used; `is defined` and `default` are no use."""

    __slots__ = ()

    def _fail(self, *_args: Any, **_named: Any) -> NoReturn:
        raise FieldMissing(self)

    __iter__ = __str__ = __len__ = __eq__ = __ne__ = __bool__ = __hash__ = __contains__ = _fail
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = _fail
    __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = _fail
    __lt__ = __le__ = __gt__ = __ge__ = __neg__ = __pos__ = __call__ = __getitem__ = _fail
    __int__ = __float__ = __round__ = __abs__ = __index__ = _fail

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise FieldMissing(self)


class Blank(ChainableUndefined):
    """Nothing, by choice: printed as no text; to calculate with it is an error all the same."""

    __slots__ = ()

    def _fail(self, *_args: Any, **_named: Any) -> NoReturn:
        raise FieldMissing(self)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = _fail
    __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = _fail
    __lt__ = __le__ = __gt__ = __ge__ = __neg__ = __pos__ = __call__ = _fail
    __int__ = __float__ = __round__ = __abs__ = __index__ = _fail


def noting(note: Callable[[str], object]) -> type[Undefined]:
    """Where `Strict` is an error the name is noted, and the work goes on with nothing."""

    class Noted(ChainableUndefined):
        __slots__ = ()

        def _note(self, value: Any) -> Any:
            note(name_of(self))
            return value

        def _nothing(self, *_args: Any, **_named: Any) -> Any:
            return self._note(self)

        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = _nothing
        __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = _nothing
        __rpow__ = __neg__ = __pos__ = __call__ = __getitem__ = __abs__ = __round__ = _nothing

        def __str__(self) -> str:
            return str(self._note(""))

        def __iter__(self) -> Iterator[Any]:
            return iter(self._note(()))

        def __len__(self) -> int:
            return int(self._note(0))

        def __bool__(self) -> bool:
            return bool(self._note(False))

        def __hash__(self) -> int:
            return hash(self._note(""))

        def __int__(self) -> int:  # type: ignore[override]
            return int(self._note(0))

        __index__ = __int__

        def __float__(self) -> float:  # type: ignore[override]
            return float(self._note(0.0))

        def _no(self, _other: object) -> bool:
            return bool(self._note(False))

        __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = _no  # type: ignore[assignment]

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return self._note(self)

    return Noted
