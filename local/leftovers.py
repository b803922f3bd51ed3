"""Processes that an earlier, killed system left behind: recognised by what they run, then stopped.

A process id alone proves nothing, for the kernel gives it out again; the command line must name our folder.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from local.child import STEP, PartError


def command_of(pid: int) -> str:
    """The command line of a running process; empty when there is none (a zombie has none either)."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    shown = subprocess.run(  # noqa: S603 - a number is all that comes from outside
        ["ps", "-p", str(pid), "-o", "command="],  # noqa: S607 - wherever this system keeps its ps
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    return shown.stdout.strip()


def stop_leftover(pid: int, mark: str, *signals: signal.Signals, patience: float = 10) -> bool:
    """Stop a process whose command line holds `mark`, with ever stronger signals; whether there was one."""
    if not mark or mark not in command_of(pid):
        return False
    for each in signals:
        os.kill(pid, each)
        deadline = time.monotonic() + patience
        while mark in command_of(pid):
            if time.monotonic() > deadline:
                break
            time.sleep(STEP)
        else:
            return True
    raise PartError(f"process {pid} of an earlier run does not end. End it by hand: kill -9 {pid}")
