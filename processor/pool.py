"""A bounded queue in front of worker processes: started once, replaced when they die, hang or have done enough.

Whatever an image does to its worker costs that one job. Cancelling a job kills its worker, for nothing else stops
a native decoder. Knows orders and verdicts; opens no image.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from processor.encoders.command import ending
from processor.errors import Overloaded, Refusal
from processor.order import Made, Order
from processor.settings import ProcessorSettings
from processor.worker import arguments

START_SECONDS = 60
LINE_BYTES = 1 << 22


class WorkerError(RuntimeError):
    """A worker cannot do its work at all: not the image's fault."""


class Workers:
    """All workers of this process; an async context manager."""

    def __init__(self, settings: ProcessorSettings, command: Sequence[str] = ()) -> None:
        """Workers are started by `command`, which is our own worker unless another is given."""
        self._settings = settings
        self._slots = [Slot(settings, command or arguments(settings.limits)) for _ in range(settings.workers)]
        self._free: list[Slot] = []
        self._queue: deque[asyncio.Future[Slot]] = deque()
        self._closing = False

    async def __aenter__(self) -> Self:
        try:
            await asyncio.gather(*(slot.start() for slot in self._slots))
        except BaseException:
            await self._stop()
            raise
        self._free = list(self._slots)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.refuse()
        await self._stop()

    @property
    def waiting(self) -> int:
        """Jobs that no worker has begun."""
        return sum(not future.done() for future in self._queue)

    @property
    def running(self) -> int:
        """Jobs that a worker is busy with."""
        return len(self._slots) - len(self._free)

    @property
    def replaced(self) -> int:
        """Workers that died, hung or were cancelled so far."""
        return sum(slot.replaced for slot in self._slots)

    async def run(self, order: Order) -> Made:
        """Has a job done; raises Refusal for the image's verdict and Overloaded when there is no room."""
        slot = await self._acquire()
        try:
            return await slot.run(order)
        except _KilledError as error:
            raise Overloaded("the processor is going down", 10) from error
        finally:
            self._release(slot)

    def refuse(self) -> None:
        """Takes on nothing more and sends away whoever waits; what runs, runs on."""
        self._closing = True
        for future in self._queue:
            if not future.done():
                future.set_exception(Overloaded("the processor is going down", 10))

    async def drained(self, seconds: float) -> None:
        """Waits until no job runs, but not longer than that; then stops those that still do."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(slot.idle.wait() for slot in self._slots))
        for slot in self._slots:
            slot.kill()

    async def _acquire(self) -> Slot:
        if self._closing:
            raise Overloaded("the processor is going down", 10)
        if self._free:
            return self._free.pop()
        if self.waiting >= self._settings.queue:
            raise Overloaded(f"{self.waiting} images are waiting already")
        future: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        self._queue.append(future)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self._release(future.result())
            raise

    def _release(self, slot: Slot) -> None:
        while self._queue:
            future = self._queue.popleft()
            if not future.done():
                future.set_result(slot)
                return
        self._free.append(slot)

    async def _stop(self) -> None:
        await asyncio.gather(*(slot.stop() for slot in self._slots))


class _KilledError(Exception):
    """We ended the worker ourselves, because everything ends."""


class Slot:
    """A place for one worker: its process, and the next one when that is gone."""

    def __init__(self, settings: ProcessorSettings, command: Sequence[str]) -> None:
        self._settings = settings
        self._command = command
        self._next: asyncio.Task[asyncio.subprocess.Process] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._jobs = 0
        self._killed = False
        self.replaced = 0
        self.idle = asyncio.Event()
        self.idle.set()

    async def start(self) -> None:
        """Starts the worker and waits until it is ready."""
        self._process = await self._spawn()

    async def stop(self) -> None:
        """Ends the worker, whatever it does."""
        self._killed = True
        if self._next is not None:
            self._next.cancel()
            await asyncio.gather(self._next, return_exceptions=True)
        await self._end()

    def kill(self) -> None:
        """Ends the worker's job with it; whoever waits for it is told that we are going down."""
        self._killed = True
        _kill(self._process)

    async def run(self, order: Order) -> Made:
        """Has the worker do one job."""
        self.idle.clear()
        try:
            process = await self._ready()
            self._jobs += 1
            try:
                reply = await self._exchange(process, order)
            except BaseException:
                self.replaced += 1
                await self._replace(order)
                raise
            if self._jobs >= self._settings.recycle:
                await self._replace(None)
            return _read(reply)
        finally:
            self.idle.set()

    async def _exchange(self, process: asyncio.subprocess.Process, order: Order) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with asyncio.timeout(self._settings.seconds):
                process.stdin.write(order.to_line())
                await process.stdin.drain()
                line = await process.stdout.readline()
        except TimeoutError as error:
            message = f"it was not done after {self._settings.seconds:.0f} seconds and was given up"
            raise Refusal(message, kind="deadline") from error
        except ConnectionError:
            line = b""
        if line.endswith(b"\n"):
            reply: dict[str, Any] = json.loads(line)
            return reply
        if self._killed:
            raise _KilledError
        raise Refusal(f"the decoder crashed on it ({await _death(process)})", kind="crash")

    async def _ready(self) -> asyncio.subprocess.Process:
        if self._next is not None:
            self._process, self._next = await asyncio.shield(self._next), None
        if self._process is None or self._process.returncode is not None:
            self._process = await self._spawn()
        return self._process

    async def _replace(self, order: Order | None) -> None:
        """Ends the worker, removes what it left unfinished, and has the next one started meanwhile."""
        await asyncio.shield(self._end())
        if order is not None:
            await asyncio.shield(asyncio.to_thread(sweep, order))
        if not self._killed:
            self._next = asyncio.create_task(self._spawn())

    async def _spawn(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES,
            start_new_session=True,
        )
        self._jobs = 0
        try:
            await _greeted(process)
        except BaseException:
            _kill(process)
            await asyncio.shield(process.wait())
            raise
        return process

    async def _end(self) -> None:
        process, self._process = self._process, None
        _kill(process)
        if process is not None:
            await process.wait()


def sweep(order: Order) -> None:
    """Removes the unfinished files of a job whose worker is gone; its folders may be gone too."""
    for folder in {order.destination.parent if order.destination else None, order.thumb_folder} - {None}:
        assert folder is not None
        for part in folder.glob(f".*.{order.token}.*"):
            part.unlink(missing_ok=True)


def _kill(process: asyncio.subprocess.Process | None) -> None:
    if process is not None and process.returncode is None:
        with contextlib.suppress(ProcessLookupError):  # it may end by itself at any moment
            os.killpg(process.pid, signal.SIGKILL)


async def _greeted(process: asyncio.subprocess.Process) -> None:
    """Waits until a worker says that it is ready."""
    assert process.stdout is not None
    async with asyncio.timeout(START_SECONDS):
        line = await process.stdout.readline()
    if not line:
        raise WorkerError("a worker process ended before it was ready; its own words are in the log")


async def _death(process: asyncio.subprocess.Process) -> str:
    return ending(await process.wait())


def _read(reply: dict[str, Any]) -> Made:
    if refused := reply.get("refused"):
        raise Refusal(refused["message"], field=refused["field"], kind=refused["kind"], given=refused["given"])
    if failed := reply.get("failed"):
        raise WorkerError(failed)
    return Made.from_json(reply["made"])
