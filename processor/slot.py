"""A place for one worker process: started, given jobs, and replaced when it dies, hangs or has done enough.

Cancelling a job kills its worker, for nothing else stops a native decoder. The pool decides which job comes here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Sequence
from typing import Any

from processor.encoders.command import ending
from processor.errors import Refusal, WorkerError
from processor.order import Made, Order
from processor.settings import ProcessorSettings

START_SECONDS = 60
LINE_BYTES = 1 << 22
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Nothing here uses numpy's threads, and on a large machine their stacks alone would fill a worker's memory."""


class KilledError(Exception):
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
            raise KilledError
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
            env={**os.environ, **ONE_THREAD},
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
