"""Logs: set up once, one line per event; JSON unless a terminal reads along; no secret in any line.

Ids are bound once, where a message or a run begins (structlog's context variables), and stand in every line after.
The canonical line of an ingest is `ingest_line`: whoever settles a run calls it, once.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, TextIO

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from policies.outcome import (
    Busy,
    Ingested,
    Outcome,
    Redelivered,
    Refused,
    Retry,
    Superseded,
    Unreadable,
)
from policies.redact import redact

HIDDEN = "***"
SECRETS = ("password", "secret", "token", "credential", "authorization", "privatekey", "private_key", "passphrase")
QUIET = ("botocore", "aiobotocore", "aioboto3", "boto3", "s3transfer", "urllib3", "asyncssh", "asyncio", "PIL")


def set_up_logs(level: str = "info", form: str = "auto", stream: TextIO | None = None) -> None:
    """Sends structlog's and the standard library's lines to the stream (standard error) in one form.

    Ours are rendered and written directly; only libraries' lines go through `logging`, which costs as much again.
    """
    out = stream or sys.stderr
    as_json = form == "json" or (form == "auto" and not out.isatty())
    chain: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    rendered: list[Any] = (
        [
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False, max_frames=20)),
            hide_secrets,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
        if as_json
        else [
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.dev.ConsoleRenderer(colors=out.isatty()),
        ]
    )
    structlog.configure(
        processors=[*chain, *rendered],
        logger_factory=lambda name="": LineLogger(name, out),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=chain,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class LineLogger:
    """Writes finished lines to a stream; one that cannot be written (its disk is full) ends nobody's ingest."""

    def __init__(self, name: str, stream: TextIO) -> None:
        self.name = name
        self._stream = stream

    def write(self, line: str) -> None:
        with suppress(OSError):
            self._stream.write(line + "\n")
            self._stream.flush()

    debug = info = warning = error = critical = write


def hide_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: secrets by the name of their key, and inside addresses, whatever their depth."""
    for key in list(event):
        event[key] = _hidden(key, event[key])
    return event


def _hidden(key: str, value: Any) -> Any:
    if value and _names_a_secret(key):
        return HIDDEN
    match value:
        case str():
            return redact(value)
        case Mapping():
            return {inner: _hidden(str(inner), held) for inner, held in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_hidden("", held) for held in value]
        case BaseException():
            return redact(repr(value))
    return value


@lru_cache(maxsize=1024)  # lines are made of the same few keys
def _names_a_secret(key: str) -> bool:
    return any(word in key.lower() for word in SECRETS)


def name_of(outcome: Outcome) -> str:
    """The outcome in one word, for logs, metrics and answers."""
    return type(outcome).__name__.lower()


def ingest_line(outcome: Outcome, *, seconds: float, steps: Mapping[str, float], **facts: object) -> None:
    """The one line of an ingest that says how it ended, why, and where the time went; ids are bound already."""
    log = structlog.get_logger("ingest")
    line: dict[str, object] = {
        "outcome": name_of(outcome),
        "seconds": round(seconds, 3),
        "steps": {step: round(spent, 3) for step, spent in steps.items()},
        **{key: fact for key, fact in facts.items() if fact is not None},
    }
    match outcome:
        case Ingested(stored):
            line |= {"bytes": stored.bytes, "thumb_bytes": stored.thumb_bytes, "location": stored.location}
            if stored.size:
                line |= {"width": stored.size.width, "height": stored.size.height}
            log.info("ingest", **line)
        case Refused(reason) | Unreadable(reason):
            log.warning("ingest", reason=reason.code, message=reason.message, **line)
        case Retry(reason, after) | Busy(reason, after):
            log.warning("ingest", reason=reason.code, message=reason.message, after=after, **line)
        case Redelivered(run) | Superseded(run):
            log.info("ingest", settled_by=str(run), **line)
