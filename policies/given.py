"""One JSON object that a person wrote, its properties taken one by one, each checked where it is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

SHOWN = 60
T = TypeVar("T")
D = TypeVar("D")


class FactsError(ValueError):
    """Something that makes no sense; names the property and what was expected."""


class Given:
    """The properties of one object that nobody has taken yet."""

    def __init__(self, name: str, value: object) -> None:
        if not isinstance(value, dict):
            raise wrong(name, "an object", value)
        self._name = name
        self._left: dict[str, object] = dict(value)

    def need(self, name: str, read: Callable[[object, str], T]) -> T:
        """A property that must be there."""
        return read(self._left.pop(name, None), f"{self._name}.{name}")

    def take(self, name: str, read: Callable[[object, str], T], default: D) -> T | D:
        """A property, or the default if it is absent."""
        return self.need(name, read) if name in self._left else default

    def each(self, name: str, read: Callable[[Given], T]) -> tuple[T, ...]:
        """A list of objects, each read whole; nothing if it is absent."""
        items: list[Any] = self.take(name, a_list, [])
        return tuple(read(Given(f"{self._name}.{name}[{at}]", item)) for at, item in enumerate(items))

    def nothing_else(self) -> None:
        """FactsError for a property that nobody took."""
        for name in self._left:
            raise FactsError(f"{self._name}.{ascii(name)[1:-1][:SHOWN]}: there is no such property")


def wrong(where: str, expected: str, value: object) -> FactsError:
    """What was expected instead of a value."""
    return FactsError(f"{where}: expected {expected}, not {ascii(value)[:SHOWN]}")


def anything(value: object, _: str) -> object:
    return value


def a_list(value: object, where: str) -> list[Any]:
    if isinstance(value, list):
        return value
    raise wrong(where, "a list", value)


def text(value: object, where: str) -> str:
    if isinstance(value, str):
        return value
    raise wrong(where, "text", value)


def texts(value: object, where: str) -> tuple[str, ...]:
    return tuple(text(item, where) for item in a_list(value, where))


def number(value: object, where: str) -> int:
    if type(value) is int:
        return value
    raise wrong(where, "a whole number", value)


def number_or_null(value: object, where: str) -> int | None:
    return None if value is None else number(value, where)


def side(value: object, where: str) -> int:
    if number(value, where) > 0:
        return number(value, where)
    raise wrong(where, "a side of at least 1", value)


def flag(value: object, where: str) -> bool:
    if isinstance(value, bool):
        return value
    raise wrong(where, "true or false", value)
