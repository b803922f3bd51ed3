"""Health: named checks of everything the engine depends on, run side by side, each bounded and timed.

`/health` only says that this process lives; `/ready` and `sluice doctor` run checks like these. A check is an
awaitable that returns words on success or raises; it knows nothing of who asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from policies.outcome import IngestError
from policies.redact import redact

CHECK_SECONDS = 5.0
FRESH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that can be tried; `run` gives a few words on what it found, or raises."""

    name: str
    run: Callable[[], Awaitable[str]]
    remedy: str = ""
    needed: bool = True  # whether the engine cannot work without it


@dataclass(frozen=True, slots=True)
class Checked:
    """What trying it gave."""

    name: str
    ok: bool
    seconds: float
    says: str
    remedy: str = ""
    needed: bool = True


async def run_checks(checks: Sequence[Check], seconds: float = CHECK_SECONDS) -> list[Checked]:
    """Tries all of them at once; none takes longer than the bound."""
    return list(await asyncio.gather(*(_run(check, seconds) for check in checks)))


async def _run(check: Check, seconds: float) -> Checked:
    began = monotonic()
    try:
        async with asyncio.timeout(seconds):
            says, ok, remedy = await check.run(), True, ""
    except IngestError as error:
        says, ok, remedy = error.reason.message, False, check.remedy or error.reason.kind.remedy
    except TimeoutError:
        says, ok, remedy = f"no answer within {seconds:g} s", False, check.remedy
    except Exception as error:  # noqa: BLE001 - a check reports whatever goes wrong, that is its work
        says, ok, remedy = f"{type(error).__name__}: {error}".rstrip(": "), False, check.remedy
    return Checked(check.name, ok, monotonic() - began, redact(says), remedy, check.needed)


class Readiness:
    """The deep checks of one engine; asked often, they run at most once in two seconds."""

    def __init__(self, checks: Sequence[Check], probes: Sequence[Check] = ()) -> None:
        self._checks = checks
        self._probes = probes  # those that write: only when asked
        self._lock = asyncio.Lock()
        self._latest: list[Checked] = []
        self._when = float("-inf")

    async def __call__(self, *, write: bool = False) -> list[Checked]:
        """Every check's result; with `write` the ones that leave and remove a probe object, too."""
        async with self._lock:
            if monotonic() - self._when >= FRESH_SECONDS:
                self._latest = await run_checks(self._checks)
                self._when = monotonic()
            return self._latest + (await run_checks(self._probes) if write else [])
