"""One child process of ours: its output goes to a log file, it dies when we die, it stops within a bounded time.

Every part of the local system is started through here. This module knows processes, not what runs in them.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
STEP = 0.02  # seconds between two looks at something that has no event of its own


class PartError(Exception):
    """A part of the local system cannot start or go on; says what happened and what to do."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running part: its name, its process and where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    farewell: signal.Signals = signal.SIGTERM  # what asks it to end

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self, patience: float) -> None:
        """Ask the process to end, and end it when its time is over."""
        if self.alive:
            self.process.send_signal(self.farewell)
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(patience)

    def finish(self, patience: float) -> None:
        """Wait for a process that has an end; PartError when it fails or takes too long."""
        try:
            code = self.process.wait(patience)
        except subprocess.TimeoutExpired as error:
            self.stop(1)
            raise PartError(f"{self.name} took longer than {patience:.0f} s; see {self.log}") from error
        if code:
            raise PartError(f"{self.name} failed (exit code {code}). The end of {self.log}:\n{self.last_words()}")

    def last_words(self, lines: int = 8) -> str:
        """The end of the log, for a message about a part that died."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])

    def wait_until(self, ready: Callable[[], bool], patience: float) -> None:
        """Return as soon as the part is ready; PartError when it ends first or takes too long."""
        deadline = time.monotonic() + patience
        while not ready():
            if not self.alive:
                raise PartError(
                    f"{self.name} ended at once (exit code {self.process.returncode}). "
                    f"The end of {self.log}:\n{self.last_words()}"
                )
            if time.monotonic() > deadline:
                raise PartError(
                    f"{self.name} was not ready after {patience:.0f} s. The end of {self.log}:\n{self.last_words()}"
                )
            time.sleep(STEP)


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    user: pwd.struct_passwd | None = None,
    farewell: signal.Signals = signal.SIGTERM,
) -> Child:
    """Start a part in a process group of its own; must be called from the main thread, which outlives it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:  # after a restart the words of the part that died stay
        try:
            process = subprocess.Popen(  # noqa: S603 - commands are ours, never from outside; no shell
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=folder,
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
                start_new_session=True,
                preexec_fn=_die_with(os.getpid(), farewell),  # noqa: PLW1509 - one prepared system call
            )
        except FileNotFoundError as error:
            raise PartError(f"{name}: {error.filename} is missing. `make setup` puts it there.") from error
    return Child(name, process, log, farewell)


def _die_with(parent: int, farewell: signal.Signals) -> Callable[[], None]:
    """What the child does before it becomes its program: ask the kernel to end it when its parent ends."""
    if sys.platform != "linux":
        return lambda: None  # no such call elsewhere: a leftover is found and stopped at the next start
    prctl = ctypes.CDLL(None).prctl

    def arrange() -> None:
        prctl(PR_SET_PDEATHSIG, int(farewell), 0, 0, 0)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return arrange
