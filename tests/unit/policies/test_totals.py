"""Customer totals: moved by the difference, whatever the history."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from policies.totals import Held, Moves, storage_moves

helds = st.builds(Held, st.integers(0, 10**12), st.integers(0, 10**9))


def test_totals_move_by_new_minus_old() -> None:
    assert storage_moves(Held(), Held(100, 10)) == Moves(100, 10)
    assert storage_moves(Held(100, 10), Held(40, 15)) == Moves(-60, 5)
    assert storage_moves(Held(100, 10), Held(100, 10)) == Moves(0, 0)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), helds)))
def test_any_history_of_ingests_leaves_totals_equal_to_the_sum_of_the_rows(history: list[tuple[str, Held]]) -> None:
    rows: dict[str, Held] = defaultdict(Held)
    total, total_thumbs = 0, 0
    for asset, held in history:
        moves = storage_moves(rows[asset], held)
        total, total_thumbs = total + moves.bytes, total_thumbs + moves.thumb_bytes
        rows[asset] = held
    assert total == sum(row.bytes for row in rows.values())
    assert total_thumbs == sum(row.thumb_bytes for row in rows.values())
