"""Turns: priority first, then customer by customer, nobody lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.outbound.turns import Turns

LINE = st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=40)


def test_customers_take_turns_however_many_each_has_waiting() -> None:
    turns: Turns[str] = Turns()
    for name, customer in (("a1", 1), ("a2", 1), ("a3", 1), ("b1", 2), ("c1", 3), ("b2", 2)):
        turns.join(name, customer, priority=False)
    assert turns.clear() == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_priority_goes_first() -> None:
    turns: Turns[str] = Turns()
    turns.join("usual", 1, priority=False)
    turns.join("urgent", 1, priority=True)
    assert turns.clear() == ["urgent", "usual"]


def test_who_leaves_is_not_called_and_may_leave_twice() -> None:
    turns: Turns[str] = Turns()
    turns.join("a", 1, priority=False)
    turns.join("b", 1, priority=False)
    turns.leave("a", 1, priority=False)
    turns.leave("a", 1, priority=False)
    assert turns.clear() == ["b"]
    with pytest.raises(IndexError):
        turns.next()


@given(LINE)
def test_everybody_is_called_once_and_in_order_within_customer_and_lane(line: list[tuple[int, bool]]) -> None:
    turns: Turns[int] = Turns()
    for number, (customer, priority) in enumerate(line):
        turns.join(number, customer, priority=priority)
    assert len(turns) == len(line)
    called = turns.clear()
    assert sorted(called) == list(range(len(line)))
    assert [line[number][1] for number in called] == sorted((one[1] for one in line), reverse=True)
    for customer in range(1, 5):
        for priority in (True, False):
            mine = [number for number in called if line[number] == (customer, priority)]
            assert mine == sorted(mine)
