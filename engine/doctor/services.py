"""What only answers over HTTP: the engine itself, and the orchestrator when one is set."""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp

from engine.doctor.finding import Exam, Finding, fine, in_words, warning

REMEDY = "Check ENGINE_ORCHESTRATOR_URL; images are cold until it answers."


def engine_exam(http: aiohttp.ClientSession, base: str) -> Exam:
    """Asks an engine what it says of itself; none need run where the doctor does."""

    async def run() -> Sequence[Finding]:
        try:
            async with http.get(f"{base}/ready") as response:
                said = await response.json(content_type=None)
        except (aiohttp.ClientError, ValueError) as error:
            says = f"none answers at {base}: {in_words(error)}"
            return [
                warning(
                    "engine", says, "Start one (`sluice engine`), or correct ENGINE_HTTP_HOST and ENGINE_HTTP_PORT."
                )
            ]
        bad = [f"{check['name']}: {check['says']}" for check in said.get("checks", ()) if not check["ok"]]
        if bad:
            return [warning("engine", f"runs, and misses {'; '.join(bad)}", "The findings above say what to do.")]
        return [fine("engine", f"runs at {base} and is ready")]

    return Exam("engine", run, "Look at the engine's log.")


def orchestrator_exam(http: aiohttp.ClientSession, base: str) -> Exam:
    """Whether anybody answers there at all: its absence fails no ingest."""

    async def run() -> Sequence[Finding]:
        try:
            async with http.get(base) as response:
                return [fine("orchestrator", f"answers ({response.status})")]
        except aiohttp.ClientError as error:
            return [
                warning("orchestrator", in_words(error), "Check ENGINE_ORCHESTRATOR_URL; images are cold until then.")
            ]

    return Exam("orchestrator", run, REMEDY)
