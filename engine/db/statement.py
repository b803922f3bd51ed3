"""SQL that names its parameters.

PostgreSQL numbers them, which nobody can read when there are thirty, and guesses a type at each place where one
stands. Here they have names, and a name that stands in several places has one type in all of them. Names are turned
into numbers once, when a module is imported; running a statement costs a dictionary look-up for each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

PARAMETER = re.compile(r"(?<![:\w]):([a-z][a-z_]*)")

NAMES_BY_TYPE = {
    "boolean": "alone check_quota failed final running suspect tidy",
    "integer": "attempt batch customer height max_unauthorised requests retries space turns width",
    "bigint": "bytes clearance count fetched id limit seen thumb_bytes turn",
    "double precision": "lease pace seconds waited",
    "integer[]": "batches policies",
    "interval": "grace",
    "jsonb": "steps thumbs_json",
    "text": "after asset counter error key location media_type moment outcome reason source why worker",
    "text[]": "keys kinds names outcomes",
    "timestamptz": "created since",
    "uuid": "dead newer run run_after token",
    "uuid[]": "runs",
}
TYPES = {name: kind for kind, names in NAMES_BY_TYPE.items() for name in names.split()}
"""The type of each parameter that stands in more than one place, or where PostgreSQL would guess wrong."""


class Statement:
    """One SQL statement, perhaps given in parts, with parameters written as `:name`."""

    __slots__ = ("names", "sql")

    def __init__(self, *parts: str) -> None:
        text = "".join(parts)
        self.names = tuple(dict.fromkeys(PARAMETER.findall(text)))
        typed = {name: f"${number}::{TYPES.get(name, 'text')}" for number, name in enumerate(self.names, start=1)}
        self.sql = PARAMETER.sub(lambda found: typed[found[1]], text)

    def arguments(self, values: Mapping[str, object]) -> list[object]:
        """The values in the order of their numbers; one that is missing is an error, more than needed are not."""
        return [values[name] for name in self.names]
