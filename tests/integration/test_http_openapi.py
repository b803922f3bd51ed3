"""GET /openapi.json is true: schemathesis asks everything it describes, and more, of a real server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from engine.health import Check, Readiness
from engine.inbound.http import Endpoint, HttpSettings
from engine.inbound.synchronous import Answer
from policies.outcome import Refused
from policies.reasons import NOT_AN_IMAGE, ORIGIN_NOT_FOUND, OVER_QUOTA, STILL_RUNNING, UNKNOWN_ASSET
from policies.request import IngestRequest
from policies.settle import HttpAnswer
from tests.fakes.memory_runs import NOON, MemoryRuns, make_run, make_state

ENDINGS = (
    (200, None),
    (404, UNKNOWN_ASSET),
    (422, NOT_AN_IMAGE),
    (502, ORIGIN_NOT_FOUND),
    (503, STILL_RUNNING),
    (507, OVER_QUOTA),
)


class VariousIngests:
    """Ends every way there is, by the asset's name, always the same."""

    async def answer(self, request: IngestRequest) -> Answer:
        status, kind = ENDINGS[sum(request.asset.asset.encode()) % len(ENDINGS)]
        if kind is None:
            run = make_run(request.asset)
            return Answer(HttpAnswer(200), request.asset, "ingested", run=run, state=make_state(request.asset))
        wait = 30 if status == 503 else None
        outcome = "busy" if wait else Refused.__name__.lower()
        return Answer(HttpAnswer(status, wait), request.asset, outcome, kind.of(f"{request.asset}: no"))


async def fine() -> str:
    return f"as at {NOON:%H:%M}"


@contextmanager
def serving(endpoint: HttpSettings) -> Iterator[str]:
    """The endpoint on a port of this machine, in a thread of its own."""
    made = Endpoint(
        VariousIngests(),
        MemoryRuns([make_run()]),
        Readiness((Check("database", fine),), (Check("bucket", fine),)),
        alive=dict,
        metrics=lambda: b"sluice_up 1\n",
        settings=endpoint,
    )
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(made.application())
    loop.run_until_complete(runner.setup())
    site = web.TCPSite(runner, "127.0.0.1", 0)
    loop.run_until_complete(site.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def served() -> Iterator[schemathesis.BaseSchema]:
    with serving(HttpSettings()) as url:
        yield schemathesis.openapi.from_url(f"{url}/openapi.json")


EXCLUDED: list[Any] = [
    not_a_server_error,  # a documented 5xx is an answer here; an undocumented one still fails
    positive_data_acceptance,  # 422 is a verdict on the asset; that nothing valid is called unreadable is checked below
    negative_data_rejection,  # more is taken than described: whole numbers as strings, names in any case
]

OPERATIONS = [
    ("POST", "/asset-ingest"),
    ("GET", "/runs/{id}"),
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/av/allowed"),
    ("GET", "/av/presets"),
]


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_the_endpoint_does_what_its_description_says(
    served: schemathesis.BaseSchema, method: str, path: str, mode: GenerationMode
) -> None:
    strategy = served[path][method].as_strategy(generation_mode=mode)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(case=strategy)
    def holds(case: schemathesis.Case) -> None:  # type: ignore[type-arg]  # its parameter is not exported
        response = case.call_and_validate(excluded_checks=EXCLUDED)
        assert mode is GenerationMode.NEGATIVE or response.status_code != 400

    try:
        holds()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # nothing can be wrong about a request that says nothing


def test_every_operation_is_described_and_tried(served: schemathesis.BaseSchema) -> None:
    described = {(method.upper(), path) for path, found in served.raw_schema["paths"].items() for method in found}
    assert described == set(OPERATIONS)


def test_with_a_token_the_description_says_so() -> None:
    with serving(HttpSettings(token="opensesame")) as url:
        schema = schemathesis.openapi.from_url(
            f"{url}/openapi.json", headers={"Authorization": "Bearer opensesame"}
        ).raw_schema
    assert schema["paths"]["/asset-ingest"]["post"]["security"] == [{"token": []}]
    assert "security" not in schema["paths"]["/health"]["get"]
