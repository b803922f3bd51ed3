"""JSON as policies may hold it: numbers exact, nothing beyond the standard, no name twice.

What PostgreSQL's own `json` type would refuse is refused here too, so that both judge a policy alike.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import NoReturn


class JsonError(ValueError):
    """A text that is no JSON; says why."""


def read_json(text: str) -> object:
    """The value that a JSON text holds, fractions as Decimal, or JsonError, whatever the text is."""
    try:
        return json.loads(
            text, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_without_doubles
        )
    except json.JSONDecodeError as error:
        raise JsonError(f"not JSON ({error.msg}, line {error.lineno} column {error.colno})") from error
    except JsonError:
        raise
    except (ArithmeticError, ValueError) as error:
        raise JsonError("not usable JSON (a number beyond all measure)") from error
    except RecursionError as error:
        raise JsonError("not usable JSON (nested too deep)") from error


def _refuse_constant(name: str) -> NoReturn:
    raise JsonError(f"not JSON ({name} is no number)")


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    named = dict(pairs)
    if len(named) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise JsonError(f"{twice[:60]!r} is named twice")
    return named
