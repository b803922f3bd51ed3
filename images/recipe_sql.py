"""What a field of a recipe may hold, as a condition of PostgreSQL: one for each rule of `recipe_fields`.

A condition speaks of the record `field`: its `value` as json, its `kind` and its `plain` text. `CASE` keeps
PostgreSQL from trying the second question before the first is answered.
"""

from __future__ import annotations

from typing import assert_never

from images.recipe_fields import Choice, Field, Flag, Number, Powers, Whole
from images.sql_text import literal, words


def condition(field: Field) -> str:
    """True in SQL where the field's rule fits in Python."""
    fits = _fits(field)
    return f"(field.kind = 'null' OR {fits})" if field.nullable else fits


def _fits(field: Field) -> str:
    match field.rule:
        case Flag():
            return "field.kind = 'boolean'"
        case Choice(options):
            return _case("string", f"field.plain = ANY ({words(options)})")
        case Whole(low, high):
            whole = f"CASE WHEN field.plain ~ '^-?[0-9]+$' THEN {_between(low, high)} ELSE false END"
            return _case("number", whole)
        case Number(low, high):
            return _case("number", _between(low, high))
        case Powers() as powers:
            return _case("array", _powers(powers))
        case never:
            assert_never(never)


def _case(kind: str, fits: str) -> str:
    return f"CASE WHEN field.kind = {literal(kind)} THEN {fits} ELSE false END"


def _between(low: object, high: object) -> str:
    return f"field.plain::numeric BETWEEN {low} AND {high}"


def _powers(powers: Powers) -> str:
    options = words(str(option) for option in powers.options)
    all_fit = (
        f"(SELECT count(*) BETWEEN {powers.fewest} AND {powers.most}"  # noqa: S608  # made of our own tables
        f" AND coalesce(bool_and(json_typeof(one) = 'number' AND one::text = ANY ({options})), true)"
        " FROM json_array_elements(field.value) AS one)"
    )
    if powers.product is None:
        return all_fit
    product = " * ".join(f"(field.value ->> {at})::numeric" for at in range(powers.fewest))
    return f"CASE WHEN {all_fit} THEN {product} <= {powers.product} ELSE false END"
