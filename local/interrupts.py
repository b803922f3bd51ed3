"""How a person or a supervisor ends us: Ctrl-C, SIGTERM and a closed terminal all mean the same orderly stop."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Inside, each of the signals raises KeyboardInterrupt in the main thread."""
    before = {each: signal.signal(each, signal.default_int_handler) for each in ENDS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
