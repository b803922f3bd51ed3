"""SQL with parameters that have names and types: SQLAlchemy's text, every `:name` bound to what it is everywhere.

PostgreSQL guesses the type of a parameter at each place where it stands, and not always the same. Here a name has one
type in all statements. Statements are made when their module is imported and compiled once; they are constants.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    DateTime,
    Double,
    Integer,
    Interval,
    Text,
    TextClause,
    Uuid,
    bindparam,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

Statement: TypeAlias = TextClause

TEXT = Text()
NAMES_BY_TYPE: tuple[tuple[TypeEngine[Any], str], ...] = (
    (Boolean(), "alone check_quota failed final running suspect tidy"),
    (Integer(), "attempt batch customer height max_unauthorised requests retries space turns width"),
    (BigInteger(), "bytes clearance count fetched id limit seen thumb_bytes turn"),
    (Double(), "lease pace seconds waited"),
    (Interval(), "grace"),
    (DateTime(timezone=True), "created since"),
    (Uuid(), "dead newer run run_after token"),
    (JSONB(), "steps"),
    (ARRAY(Text()), "keys kinds names outcomes"),
    (ARRAY(Integer()), "batches policies"),
    (ARRAY(Uuid()), "runs"),
)
TYPES = {name: kind for kind, names in NAMES_BY_TYPE for name in names.split()}
"""What is not text."""


def sql(*parts: str) -> Statement:
    """One statement, perhaps given in parts."""
    statement = text("".join(parts))
    names = statement.compile().params
    return statement.bindparams(*(bindparam(name, type_=TYPES.get(name, TEXT)) for name in names))
