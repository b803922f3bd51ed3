"""What the doctor finds, and how an examination is run: bounded in time, and never failing itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError

from policies.outcome import IngestError
from policies.redact import redact

EXAM_SECONDS = 20.0


class Verdict(StrEnum):
    """How good it is."""

    FINE = "fine"
    WARNING = "warning"  # works, but will hurt
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried: what it is, how it is, and what to do."""

    name: str
    verdict: Verdict
    says: str
    remedy: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Exam:
    """One dependency to be tried; `run` gives findings, or raises what the dependency raised."""

    name: str
    run: Callable[[], Awaitable[Sequence[Finding]]]
    remedy: str


def fine(name: str, says: str) -> Finding:
    """It works."""
    return Finding(name, Verdict.FINE, says)


def warning(name: str, says: str, remedy: str) -> Finding:
    """It works, but."""
    return Finding(name, Verdict.WARNING, says, remedy)


def broken(name: str, says: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(name, Verdict.BROKEN, says, remedy)


async def examine(exam: Exam, seconds: float = EXAM_SECONDS) -> list[Finding]:
    """Runs one examination to findings, whatever happens in it."""
    began = monotonic()
    try:
        async with asyncio.timeout(seconds):
            found = list(await exam.run())
    except TimeoutError:
        found = [broken(exam.name, f"no answer within {seconds:g} s", exam.remedy)]
    except Exception as error:  # noqa: BLE001 - whatever a dependency does wrong is the finding
        found = [broken(exam.name, in_words(error), exam.remedy)]
    spent = monotonic() - began
    return [Finding(one.name, one.verdict, redact(one.says), one.remedy, spent) for one in found]


def in_words(error: BaseException) -> str:
    """What an error says, in one line, as a person would."""
    match error:
        case IngestError():
            return error.reason.message
        case ClientError():
            said = error.response["Error"]
            return f"{error.operation_name} answered {said.get('Code')}: {said.get('Message')}"
        case BotoCoreError():
            return str(error)
        case aiohttp.ClientConnectorError():
            return f"nobody answers at {error.host}:{error.port} ({error.os_error.strerror or 'no connection'})"
        case ConnectionRefusedError():
            return f"nobody answers: {error.strerror}"
        case OSError() if error.filename:
            return f"{error.filename}: {error.strerror}"
    text = str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
