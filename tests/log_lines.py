"""Log lines as the engine writes them, kept for a test; afterwards logging is as it was."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from engine.logs import set_up_logs


@contextmanager
def kept_lines(level: str, form: str) -> Iterator[io.StringIO]:
    """Everything that is logged inside."""
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, before = root.handlers[:], root.level
    set_up_logs(level, form, stream)
    try:
        yield stream
    finally:
        root.handlers[:] = handlers
        root.setLevel(before)
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
