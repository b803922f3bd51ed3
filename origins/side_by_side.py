"""Many small waits at once, so many and no more; the first failure ends all and is raised as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

Item = TypeVar("Item")


async def side_by_side(work: Callable[[Item], Awaitable[None]], items: Iterable[Item], at_once: int) -> None:
    """Does the work for every item, taking items in order and a new one whenever one is done."""
    left = iter(items)
    try:
        async with asyncio.TaskGroup() as group:
            for first in list(islice(left, at_once)):
                group.create_task(_worker(work, chain([first], left)))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _worker(work: Callable[[Item], Awaitable[None]], items: Iterator[Item]) -> None:
    for item in items:
        await work(item)
