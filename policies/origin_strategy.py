"""Which origin strategy an origin has: the customer's rows in their order, then the built-in one, then default.

The step before PLAN. One bad or explosive regex harms only its own row, and the notes say so. Searching takes time
that a customer decides over, so it has a budget and is done in a worker thread; the clock is an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic

from policies.dotnet_regex import PatternError, compile_dotnet
from policies.facts import Rules, StrategyRow
from policies.outcome import Refused
from policies.place import locate
from policies.plan import Place, StrategyKind
from policies.request import AssetId

ROW_BUDGET = 0.25
TOTAL_BUDGET = 1.0
BUILT_IN = "our own origin bucket"


class Verdict(StrEnum):
    """What became of one row."""

    MATCHED = "matched"
    NOT = "does not match"
    BAD = "bad regex"
    SLOW = "took too long"
    SKIPPED = "not tried"


@dataclass(frozen=True, slots=True)
class Note:
    """One row that was looked at, for people: what its regex said of the origin."""

    row: StrategyRow
    verdict: Verdict
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Searched:
    """All rows that were looked at, and the one that won; None: no row did."""

    winner: StrategyRow | None
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Matched:
    """Where the origin is and how to get at it, and what was said of every row on the way."""

    place: Place
    notes: tuple[Note, ...] = ()


def match_strategy(
    origin: str,
    asset: AssetId,
    strategies: Sequence[StrategyRow],
    rules: Rules,
    clock: Callable[[], float] = monotonic,
) -> Matched | Refused:
    """The place that an origin is, or why it cannot be fetched at all."""
    searched = search_rows(origin, strategies, rules, clock)
    place = locate(origin, asset, searched.winner or default_row(asset), rules)
    return place if isinstance(place, Refused) else Matched(place, searched.notes)


def search_rows(
    origin: str, strategies: Sequence[StrategyRow], rules: Rules, clock: Callable[[], float] = monotonic
) -> Searched:
    """The first row whose regex is found anywhere in the origin, with a note for every row up to it."""
    notes: list[Note] = []
    end = clock() + TOTAL_BUDGET
    for row in in_order(strategies, rules):
        note = _judge(row, origin, min(ROW_BUDGET, end - clock()))
        notes.append(note)
        if note.verdict is Verdict.MATCHED:
            return Searched(row, tuple(notes))
    return Searched(None, tuple(notes))


def in_order(strategies: Sequence[StrategyRow], rules: Rules) -> list[StrategyRow]:
    """The customer's rows as they are asked, and the built-in one behind them."""
    built_in = StrategyRow("", 0, rules.origin_regex, StrategyKind.S3, optimised=True)
    return [*sorted(strategies, key=lambda row: (row.order, row.id)), built_in]


def default_row(asset: AssetId) -> StrategyRow:
    """What holds when no row matches."""
    return StrategyRow("", asset.customer, "", StrategyKind.DEFAULT)


def _judge(row: StrategyRow, origin: str, seconds: float) -> Note:
    """Whether the regex of one row is found in the origin, in so much time at most."""
    if seconds <= 0:
        return Note(row, Verdict.SKIPPED, f"the rows before it took {TOTAL_BUDGET:g} s")
    try:
        found = compile_dotnet(row.regex).search(origin, timeout=seconds, concurrent=True)
    except PatternError as error:
        return Note(row, Verdict.BAD, str(error))
    except TimeoutError:
        return Note(row, Verdict.SLOW, f"stopped after {seconds:.2g} s")
    return Note(row, Verdict.NOT) if found is None else Note(row, Verdict.MATCHED, found[0])
