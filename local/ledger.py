"""What the system's folder remembers: who holds it, what runs, the environment, the logs of before.

A lock says that a system is up, and goes with its process. The list of what runs lets the next start stop what a
killed one left. The environment lies in a file, so that any `sluice` command can join in.
"""

from __future__ import annotations

import fcntl
import json
import signal
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO

from local.child import Child, PartError
from local.leftovers import stop_leftover


class Ledger:
    """The notes that one system keeps in its folder while it is up."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: IO[str] | None = None
        self._pids = folder / "pids.json"
        self.env_file = folder / "env"

    def open(self, warn: Callable[[str], None]) -> None:
        """Take the folder, stop what a killed system left running in it, and put its logs aside."""
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = (self._folder / "lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise PartError(
                f"a system is up in {self._folder} already. Use it, or stop it with Ctrl-C first."
            ) from error
        self._lock = lock
        if self._pids.exists():
            for pid, mark, farewell in json.loads(self._pids.read_text()):
                if stop_leftover(pid, mark, signal.Signals(farewell), signal.SIGKILL, patience=5):
                    warn(f"stopped process {pid}, left behind by a system that was killed")
            self._pids.unlink()
        for log in (self._folder / "logs").glob("*.log"):
            log.replace(log.with_suffix(".log.before"))

    def note(self, children: Iterable[Child]) -> None:
        """Write down what runs."""
        running = [(child.process.pid, _mark(child), int(child.farewell)) for child in children]
        self._pids.write_text(json.dumps(running))

    def write_environment(self, environment: Mapping[str, str]) -> None:
        """Write down what other commands need to join in; it holds a password."""
        self.env_file.unlink(missing_ok=True)
        self.env_file.touch(mode=0o600)
        self.env_file.write_text("".join(f"{name}={value}\n" for name, value in sorted(environment.items())))

    def close(self) -> None:
        """Leave the folder to the next one; nothing of a system that is up elsewhere is touched."""
        if self._lock:
            self._pids.unlink(missing_ok=True)
            self.env_file.unlink(missing_ok=True)
            self._lock.close()
            self._lock = None


def _mark(child: Child) -> str:
    """Words of the command line by which this process, and no other that got its id later, is known."""
    words = child.process.args
    assert isinstance(words, list)
    return " ".join(str(word) for word in words[:3])
