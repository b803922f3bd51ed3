"""Environment variables as values: a name, how its text is read, what is expected, and what it means.

This is the grammar; the table itself stands in `engine.settings_table`, and `engine.settings` reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from images.iiif_size import IiifSize, parse_size

T = TypeVar("T")
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Form(Generic[T]):
    """How a text is read, and the sentence for whoever wrote another; `read` raises ValueError."""

    read: Callable[[str], T]
    expected: str


@dataclass(frozen=True, slots=True)
class Variable(Generic[T]):
    """One variable: unset or empty, it has its default."""

    name: str
    form: Form[T]
    default: T
    meaning: str
    shown: str = ""  # the default as people read it
    secret: bool = False
    blank: bool = True  # whether an empty text counts as unset; otherwise it is an error


@dataclass(frozen=True, slots=True)
class Section:
    """Variables that belong together, for people."""

    title: str
    variables: tuple[Variable[Any], ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One bad or missing variable."""

    name: str
    given: str
    expected: str

    def __str__(self) -> str:
        return f"{self.name} {self.given}; expected {self.expected}"


class SettingsError(ValueError):
    """Every variable that is bad or missing, together."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        lines = "\n".join(f"  {problem}" for problem in problems)
        noun = "variable" if len(problems) == 1 else "variables"
        super().__init__(f"{len(problems)} {noun} to set right:\n{lines}")
        self.problems = problems


def text(expected: str = "a text") -> Form[str]:
    """Any text."""
    return Form(str, expected)


def maybe(form: Form[T]) -> Form[T | None]:
    """The same form, for a variable that may be absent."""
    return Form(form.read, form.expected)


def whole(least: int, most: int | None = None) -> Form[int]:
    """A whole number between bounds."""
    bounds = f"from {least} to {most}" if most is not None else f"of at least {least}"

    def read(given: str) -> int:
        if not re.fullmatch(r"\s*\d{1,18}\s*", given, re.ASCII):
            raise ValueError(given)
        return _within(int(given), least, most)

    return Form(read, f"a whole number {bounds}")


def seconds(least: float, most: float) -> Form[float]:
    """A number of seconds between bounds."""
    return Form(lambda given: _within(float(given), least, most), f"seconds, from {least:g} to {most:g}")


def _within(value: T, least: float, most: float | None) -> T:
    if not least <= value <= (most if most is not None else float("inf")):  # type: ignore[operator]  # T is int or float
        raise ValueError(str(value))
    return value


def switch() -> Form[bool]:
    """`on` or `off`."""
    words = {"on": True, "true": True, "yes": True, "1": True}
    words |= {"off": False, "false": False, "no": False, "0": False}
    return Form(lambda given: _look_up(words, given.strip().lower()), "`on` or `off`")


def choice(*words: str) -> Form[str]:
    """One of a few words."""
    named = {word: word for word in words}
    return Form(lambda given: _look_up(named, given.strip().lower()), " or ".join(f"`{word}`" for word in words))


def _look_up(words: Mapping[str, T], word: str) -> T:
    if word not in words:
        raise ValueError(word)
    return words[word]


def url(*schemes: str) -> Form[str]:
    """An address with one of the schemes and a host; a final slash is dropped."""

    def read(given: str) -> str:
        parts = urlsplit(given.strip())
        if parts.scheme not in schemes or not parts.netloc:
            raise ValueError(given)
        return given.strip().rstrip("/")

    return Form(read, " or ".join(f"`{scheme}://…`" for scheme in schemes))


def bucket() -> Form[str]:
    """The name of an S3 bucket."""

    def read(given: str) -> str:
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", given.strip()):
            raise ValueError(given)
        return given.strip()

    return Form(read, "the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens")


def pattern() -> Form[str]:
    """A regular expression that is not blank and compiles."""

    def read(given: str) -> str:
        if not given.strip():
            raise ValueError(given)
        try:
            re.compile(given)
        except re.error as error:
            raise ValueError(str(error)) from error
        return given

    return Form(read, "a regular expression that is not blank")


def iiif_sizes() -> Form[tuple[IiifSize, ...]]:
    """IIIF sizes, separated by spaces."""
    return Form(
        lambda given: tuple(parse_size(word) for word in given.split()),
        "IIIF sizes separated by spaces, such as `!100,100 !400,400`",
    )


def numbers() -> Form[frozenset[int]]:
    """Whole numbers, separated by commas or spaces."""

    def read(given: str) -> frozenset[int]:
        return frozenset(int(word) for word in re.split(r"[\s,]+", given) if word)

    return Form(read, "whole numbers separated by commas, such as `1,99`")


def words() -> Form[frozenset[str]]:
    """Words, separated by commas or spaces, in lower case."""

    def read(given: str) -> frozenset[str]:
        return frozenset(word.lower() for word in re.split(r"[\s,]+", given) if word)

    return Form(read, "words separated by commas")


def networks() -> Form[tuple[Network, ...]]:
    """Networks in CIDR form, separated by commas."""

    def read(given: str) -> tuple[Network, ...]:
        return tuple(ip_network(word, strict=False) for word in re.split(r"[\s,]+", given) if word)

    return Form(read, "networks in CIDR form separated by commas, such as `10.0.0.0/8,fd00::/8`")


def urls(*schemes: str) -> Form[tuple[str, ...]]:
    """One or several addresses, separated by commas or spaces."""
    one = url(*schemes)

    def read(given: str) -> tuple[str, ...]:
        return tuple(one.read(word) for word in re.split(r"[\s,]+", given) if word)

    return Form(read, f"{one.expected}, or several separated by commas")
