"""Who is next: those with priority first, and within each lane one customer after the other. No time, no I/O."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Turns(Generic[T]):
    """A line of waiters in which a customer with a thousand of them is as near the front as one with a single one."""

    def __init__(self) -> None:
        self._lanes: tuple[OrderedDict[int, deque[T]], ...] = (OrderedDict(), OrderedDict())
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def join(self, waiter: T, customer: int, *, priority: bool) -> None:
        """Puts a waiter at the end of its customer's own line."""
        self._lanes[0 if priority else 1].setdefault(customer, deque()).append(waiter)
        self._count += 1

    def leave(self, waiter: T, customer: int, *, priority: bool) -> None:
        """Takes a waiter out; nothing happens when it has had its turn."""
        lane = self._lanes[0 if priority else 1]
        if waiter not in lane.get(customer, ()):
            return
        lane[customer].remove(waiter)
        self._count -= 1
        if not lane[customer]:
            del lane[customer]

    def next(self) -> T:
        """The waiter whose turn it is; that customer then goes behind the others. IndexError when nobody waits."""
        for lane in self._lanes:
            if lane:
                customer, line = next(iter(lane.items()))
                waiter = line.popleft()
                self._count -= 1
                del lane[customer]
                if line:
                    lane[customer] = line
                return waiter
        raise IndexError("nobody waits")

    def clear(self) -> list[T]:
        """Everybody, in turn; the line is empty then."""
        return [self.next() for _ in range(self._count)]
