"""Our own services as children: a sub-command of `sluice`, a port, a path that answers when it is ready."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.child import Child, start
from local.ports import LOOPBACK

PROGRAM = Path(sys.executable).parent / "sluice"


@dataclass(frozen=True, slots=True)
class Service:
    """How one of our services is started: all it is told is in its environment."""

    name: str
    command: str
    port: int
    health: str
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def start(self, log: Path) -> Child:
        """Start the service without waiting for it."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        return start(self.name, [PROGRAM, self.command], log=log, environment=kept | dict(self.environment))

    def is_ready(self) -> bool:
        return answers_200(f"{self.url}{self.health}")


def answers_200(url: str) -> bool:
    """Whether a loopback address answers well, now."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - a loopback address of our own
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
