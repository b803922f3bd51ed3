"""Slots: how many ingests run at once, and which of them only priority may use."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.slots import Slots, SlotSettings


async def test_common_work_never_takes_the_slots_kept_for_priority() -> None:
    slots = Slots(SlotSettings(slots=4, priority=1))
    taken = slots.take_free(10, priority=False)
    assert len(taken) == 3
    assert slots.take_free(1, priority=False) == []
    assert len(slots.take_free(10, priority=True)) == 1
    assert slots.busy == 4


async def test_priority_takes_its_own_slots_first_so_that_common_ones_stay_free() -> None:
    slots = Slots(SlotSettings(slots=3, priority=1))
    (first,) = slots.take_free(1, priority=True)
    assert first.reserved
    assert slots.free(priority=False) == 2


async def test_who_waits_for_a_slot_gets_the_one_that_is_given_back() -> None:
    slots = Slots(SlotSettings(slots=1, priority=0))
    (slot,) = slots.take_free(1, priority=False)
    waiting = asyncio.create_task(slots.take(5, priority=False))
    await asyncio.sleep(0)
    assert not waiting.done()
    await slot.give_back()
    assert len(await waiting) == 1


async def test_a_reserved_slot_that_is_given_back_does_not_wake_common_work() -> None:
    slots = Slots(SlotSettings(slots=2, priority=1))
    slots.take_free(1, priority=False)
    (reserved,) = slots.take_free(1, priority=True)
    waiting = asyncio.create_task(slots.take(1, priority=False))
    await reserved.give_back()
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


async def test_giving_back_twice_frees_one_slot_only() -> None:
    slots = Slots(SlotSettings(slots=2, priority=0))
    (slot, _) = slots.take_free(2, priority=False)
    await slot.give_back()
    await slot.give_back()
    assert slots.free(priority=False) == 1


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 5)), max_size=30), st.integers(1, 8), st.integers(0, 7))
def test_never_more_slots_are_taken_than_there_are(wishes: list[tuple[bool, int]], total: int, priority: int) -> None:
    if priority >= total:
        return
    slots = Slots(SlotSettings(slots=total, priority=priority))
    taken = [slot for wish, most in wishes for slot in slots.take_free(most, priority=wish)]
    assert len(taken) == slots.busy <= total
    assert sum(not slot.reserved for slot in taken) <= total - priority


@pytest.mark.parametrize(("slots", "priority"), [(0, 0), (2, 2), (2, -1)])
def test_settings_that_leave_no_slot_are_refused(slots: int, priority: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        SlotSettings(slots=slots, priority=priority)
