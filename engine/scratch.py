"""Room on the shared disk for each run: `{scratch}/{process}/{run}/`, gone when the run is.

Each process holds a lock on its own folder, so that at start only what dead processes left is swept.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from policies.outcome import IngestError
from policies.reasons import SCRATCH_FULL, SCRATCH_UNUSABLE

LOCK = ".lock"
FULL = {errno.ENOSPC, errno.EDQUOT}


class Room:
    """One run's folder, made when the first file is to be put there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = False

    async def folder(self) -> Path:
        """The folder itself."""
        if not self._made:
            await asyncio.to_thread(self._folder.mkdir, exist_ok=True)
            self._made = True
        return self._folder

    async def file(self, name: str) -> Path:
        """The path of a file that somebody is about to write there."""
        return await self.folder() / name

    async def clear(self) -> None:
        """Removes it, with what is in it."""
        if self._made:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True))


class Scratch:
    """This process's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @asynccontextmanager
    async def room(self) -> AsyncIterator[Room]:
        """A room for one run. What the disk does wrong while it is open is named as the disk's fault."""
        room = Room(self._folder / str(uuid4()))
        try:
            yield room
        except OSError as error:
            if error.errno in FULL:
                raise IngestError(SCRATCH_FULL, f"{self._folder}: {error.strerror}") from error
            if str(error.filename or "").startswith(str(self._folder)):
                raise IngestError(SCRATCH_UNUSABLE, f"{error.filename}: {error.strerror}") from error
            raise
        finally:
            await room.clear()

    def free(self) -> int:
        """Bytes that are left on the disk."""
        return shutil.disk_usage(self._folder).free


@contextmanager
def open_scratch(root: Path) -> Iterator[Scratch]:
    """Makes and locks a folder for this process, after sweeping the folders of dead ones."""
    root.mkdir(parents=True, exist_ok=True)
    sweep(root)
    folder = root / f"engine-{os.getpid()}-{uuid4().hex[:8]}"
    unlocked = folder.with_name(f".{folder.name}")  # no other process sweeps it before it is locked
    unlocked.mkdir()
    with (unlocked / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unlocked.rename(folder)
        try:
            yield Scratch(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def sweep(root: Path) -> int:
    """Removes the folders of processes that are gone; how many."""
    swept = 0
    for lock_file in root.glob(f"engine-*/{LOCK}"):
        with suppress(FileNotFoundError, BlockingIOError), lock_file.open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock_file.parent, ignore_errors=True)
            swept += 1
    return swept
