"""How many ingests run at once in this process, and how many of them only priority may use.

Slots come first: nothing is received, and nothing claimed, that cannot start.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SlotSettings:
    """Sizes of the two sorts."""

    slots: int = 16
    priority: int = 2

    def __post_init__(self) -> None:
        if self.slots < 1:
            raise ValueError(f"expected at least 1 slot, not {self.slots}")
        if not 0 <= self.priority < self.slots:
            raise ValueError(f"expected 0 to {self.slots - 1} priority slots (of {self.slots}), not {self.priority}")


class Slots:
    """Counts what is free; priority takes its own first, so that the common ones stay for everybody."""

    def __init__(self, settings: SlotSettings) -> None:
        self.settings = settings
        self._common = settings.slots - settings.priority
        self._reserved = settings.priority
        self._freed = asyncio.Condition()

    @property
    def busy(self) -> int:
        """How many are taken."""
        return self.settings.slots - self._common - self._reserved

    def free(self, *, priority: bool) -> int:
        """How many could be taken now."""
        return self._common + (self._reserved if priority else 0)

    def take_free(self, most: int, *, priority: bool) -> list[Slot]:
        """As many as are free, without waiting; none when there are none."""
        taken: list[Slot] = []
        while len(taken) < most and self.free(priority=priority):
            reserved = priority and self._reserved > 0
            if reserved:
                self._reserved -= 1
            else:
                self._common -= 1
            taken.append(Slot(self, reserved=reserved))
        return taken

    async def take(self, most: int, *, priority: bool) -> list[Slot]:
        """At least one, when it is free; at most as many."""
        async with self._freed:
            await self._freed.wait_for(lambda: self.free(priority=priority) > 0)
            return self.take_free(most, priority=priority)

    async def all_free(self) -> None:
        """Waits until nothing runs any more."""
        async with self._freed:
            await self._freed.wait_for(lambda: self.busy == 0)

    async def give_back(self, slot: Slot) -> None:
        """Frees a slot and wakes who waits for one."""
        if slot.reserved:
            self._reserved += 1
        else:
            self._common += 1
        async with self._freed:
            self._freed.notify_all()


class Slot:
    """The right to run one ingest."""

    def __init__(self, slots: Slots, *, reserved: bool) -> None:
        self._slots = slots
        self.reserved = reserved
        self._given_back = False

    async def give_back(self) -> None:
        """Frees it; a second call changes nothing."""
        if not self._given_back:
            self._given_back = True
            await self._slots.give_back(self)
