"""The pool of worker processes that decode: each does one order at a time, within a deadline and a memory limit.

A worker that dies, hangs or has done its share is replaced; only the order it had is lost. What a worker does is
in `worker`; here is only how it is talked to: a JSON line down, a JSON line and the bytes it announces up.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from images.size import Size

LINE: Final = 64 * 1024
READY: Final = {"ready": True}  # a worker's first word, when all it needs is loaded
PATIENCE: Final = 60.0  # seconds for that
SHARE: Final = 1000  # orders after which a worker is replaced, so that no leak of a library lasts


class Unreadable(Exception):  # noqa: N818 - a verdict about the image
    """The image cannot be decoded, however often it is asked for."""


class RenderFailed(Exception):  # noqa: N818 - the name of what happened
    """This rendering failed; another may not."""


@dataclass(frozen=True, slots=True)
class Order:
    """One picture to make: which pixels of which file, at what size, and how they are handed over."""

    path: str
    box: tuple[int, int, int, int]  # left, top, right, bottom
    target: tuple[int, int]
    quarter_turns: int
    mirrored: bool
    quality: str
    format: str

    @property
    def target_size(self) -> Size:
        return Size(*self.target)

    @classmethod
    def from_line(cls, line: bytes) -> Order:
        """The order as it was sent; JSON knows no tuples."""
        told = json.loads(line)
        return cls(**told | {"box": tuple(told["box"]), "target": tuple(told["target"])})

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What one worker may use."""

    memory: int = 3 * 1024**3  # bytes of address space
    seconds: float = 60  # for one order


class Workers:
    """A fixed number of places for workers; who asks waits for a free one."""

    def __init__(self, count: int, limits: WorkerLimits) -> None:
        self._limits = limits
        self._count = count
        self._places: asyncio.Queue[_Worker | None] = asyncio.Queue()  # None: its worker is gone, start another
        self._all: set[_Worker] = set()

    @property
    def alive(self) -> int:
        return sum(each.alive for each in self._all)

    async def start(self) -> None:
        """Start all workers side by side; returns when each is ready to draw."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._start_one()) for _ in range(self._count)]
        for task in tasks:
            self._places.put_nowait(task.result())

    async def stop(self) -> None:
        for each in tuple(self._all):
            await self._drop(each)

    async def render(self, order: Order) -> bytes:
        """The picture as bytes; Unreadable or RenderFailed when there is none."""
        async with self._borrow() as worker:
            try:
                async with asyncio.timeout(self._limits.seconds):
                    return await worker.do(order)
            except TimeoutError as error:
                await worker.end()
                raise RenderFailed(f"rendering took longer than {self._limits.seconds:.0f} s") from error
            except (asyncio.IncompleteReadError, ConnectionError, ValueError) as error:
                await worker.end()
                raise RenderFailed("rendering ended its process: too much memory, or a broken image") from error
            except asyncio.CancelledError:
                await worker.end()  # its answer would be taken for the next one's
                raise

    @asynccontextmanager
    async def _borrow(self) -> AsyncIterator[_Worker]:
        worker = await self._places.get()
        try:
            if worker is None:
                worker = await self._start_one()
            yield worker
        finally:
            if worker is not None and not (worker.alive and worker.done < SHARE):
                await self._drop(worker)
                worker = None
            self._places.put_nowait(worker)

    async def _start_one(self) -> _Worker:
        worker = await _Worker.start(self._limits)
        self._all.add(worker)
        return worker

    async def _drop(self, worker: _Worker) -> None:
        self._all.discard(worker)
        await worker.end()


class _Worker:
    """One process and the pipe to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin
        assert process.stdout
        self._process = process
        self._down, self._up = process.stdin, process.stdout
        self.done = 0

    @classmethod
    async def start(cls, limits: WorkerLimits) -> _Worker:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "local.image_server.worker",
            str(limits.memory),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE,
            cwd=Path(__file__).parents[2],
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        worker = cls(process)
        try:
            async with asyncio.timeout(PATIENCE):
                assert json.loads(await worker._up.readuntil(b"\n")) == READY
        except (TimeoutError, asyncio.IncompleteReadError) as error:
            await worker.end()
            raise RenderFailed("a worker process could not be started") from error
        except asyncio.CancelledError:
            await worker.end()
            raise
        return worker

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def do(self, order: Order) -> bytes:
        self.done += 1
        self._down.write(order.to_line())
        await self._down.drain()
        answer = json.loads(await self._up.readuntil(b"\n"))
        if "unreadable" in answer:
            raise Unreadable(answer["unreadable"])
        return await self._up.readexactly(answer["bytes"])

    async def end(self) -> None:
        """End the process at once; it holds nothing that anybody misses."""
        if self.alive:
            self._process.kill()
        self._down.close()
        await self._process.wait()
