"""The fields of a recipe: what each may hold, in one table.

`recipe` reads recipes by it and `policy_sql` generates PostgreSQL's check from it, so the two cannot differ.
Each rule turns a JSON value into the value of the field, or raises UnfitError; `expected` says in words what fits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType


class UnfitError(ValueError):
    """A value that its field cannot hold."""


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    @property
    def expected(self) -> str:
        return "true or false"

    def read(self, value: object) -> bool:
        if isinstance(value, bool):
            return value
        raise UnfitError


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    options: tuple[str, ...]

    @property
    def expected(self) -> str:
        return f"one of {', '.join(self.options)}"

    def read(self, value: object) -> str:
        if isinstance(value, str) and value in self.options:
            return value
        raise UnfitError


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within bounds."""

    low: int
    high: int

    @property
    def expected(self) -> str:
        return f"a whole number from {self.low} to {self.high}"

    def read(self, value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high:
            return value
        raise UnfitError


@dataclass(frozen=True, slots=True)
class Number:
    """A number within bounds, compared exactly."""

    low: Decimal
    high: Decimal

    @property
    def expected(self) -> str:
        return f"a number from {self.low} to {self.high}"

    def read(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise UnfitError
        if isinstance(value, float) and math.isnan(value):  # which Decimal would not even compare
            raise UnfitError
        if not self.low <= value <= self.high:
            raise UnfitError
        return float(value)


@dataclass(frozen=True, slots=True)
class Powers:
    """A list of powers of two."""

    low: int
    high: int
    fewest: int
    most: int
    product: int | None = None

    @property
    def options(self) -> tuple[int, ...]:
        """Every number that may stand in the list."""
        return tuple(1 << bit for bit in range(self.low.bit_length() - 1, self.high.bit_length()))

    @property
    def expected(self) -> str:
        count = f"{self.fewest}" if self.fewest == self.most else f"{self.fewest} to {self.most}"
        bound = f", at most {self.product} multiplied" if self.product else ""
        return f"a list of {count} powers of two from {self.low} to {self.high}{bound}"

    def read(self, value: object) -> tuple[int, ...]:
        if not isinstance(value, list | tuple) or not self.fewest <= len(value) <= self.most:
            raise UnfitError
        whole = Whole(self.low, self.high)
        numbers = tuple(whole.read(number) for number in value)
        if any(number not in self.options for number in numbers):
            raise UnfitError
        if self.product is not None and math.prod(numbers) > self.product:
            raise UnfitError
        return numbers


Rule = Flag | Choice | Whole | Number | Powers


@dataclass(frozen=True, slots=True)
class Field:
    """What one field may hold; `nullable` if null stands for none."""

    rule: Rule
    nullable: bool = False

    @property
    def expected(self) -> str:
        return f"{self.rule.expected}, or null" if self.nullable else self.rule.expected

    def read(self, value: object) -> object:
        return None if value is None and self.nullable else self.rule.read(value)


KDU_NAMES = ("kdu_low", "kdu_med", "kdu_med_layers", "kdu_high", "kdu_max")

FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "codec": Field(Choice(("j2k", "htj2k"))),
        "reversible": Field(Flag()),
        "ratio": Field(Number(Decimal(1), Decimal(1000)), nullable=True),
        "rate": Field(Number(Decimal("0.01"), Decimal(64)), nullable=True),
        "layers": Field(Whole(1, 65535)),
        "levels": Field(Whole(0, 32)),
        "block": Field(Powers(4, 1024, fewest=2, most=2, product=4096)),
        "precincts": Field(Powers(16, 32768, fewest=1, most=33)),
        "progression": Field(Choice(("LRCP", "RLCP", "RPCL", "PCRL", "CPRL"))),
        "tiles": Field(Whole(128, 65535), nullable=True),
        "optimisation": Field(Choice(KDU_NAMES), nullable=True),
        "tolerant": Field(Flag()),
    }
)
"""Every field of a recipe, in the order in which recipes are written."""

NOT_FOR_HTJ2K = ("ratio", "rate", "layers", "block", "precincts")
"""Fields that mean nothing to the HTJ2K encoder: naming one, other than as null, is a mistake."""

HTJ2K_PROGRESSION = "RPCL"
"""The only order in which it writes."""
