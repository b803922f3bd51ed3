"""SQL that names its parameters.

PostgreSQL numbers them, which nobody can read when there are thirty. The names are turned into numbers once, when a
module is imported; running a statement costs a dictionary look-up for each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

PARAMETER = re.compile(r"(?<![:\w]):([a-z][a-z_]*)")


class Statement:
    """One SQL statement, perhaps given in parts, with parameters written as `:name`."""

    __slots__ = ("names", "sql")

    def __init__(self, *parts: str) -> None:
        text = "".join(parts)
        self.names = tuple(dict.fromkeys(PARAMETER.findall(text)))
        numbers = {name: f"${number}" for number, name in enumerate(self.names, start=1)}
        self.sql = PARAMETER.sub(lambda found: numbers[found[1]], text)

    def arguments(self, values: Mapping[str, object]) -> list[object]:
        """The values in the order of their numbers; one that is missing is an error, more than needed are not."""
        return [values[name] for name in self.names]
