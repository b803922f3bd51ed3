"""The endpoint over real HTTP, in front of an ingest that does what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from engine.health import Check, Readiness
from engine.inbound.http import Endpoint, HttpSettings
from engine.inbound.synchronous import Answer
from policies.reasons import AT_CAPACITY, OVER_QUOTA, STORAGE_AWAY, UNKNOWN_ASSET
from policies.request import IngestRequest
from policies.settle import HttpAnswer
from tests.fakes.memory_runs import PAGE, MemoryRuns, make_run, make_state

Client = TestClient[web.Request, web.Application]
DLCS = '{"id":{"customer":99,"space":1,"asset":"page-1"}}'


class ScriptedIngests:
    """Answers every request the same, and remembers what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[IngestRequest] = []
        self._answer = answer

    async def answer(self, request: IngestRequest) -> Answer:
        self.asked.append(request)
        return self._answer


def ingested() -> Answer:
    return Answer(HttpAnswer(200), PAGE, "ingested", run=make_run(), state=make_state())


@asynccontextmanager
async def endpoint(
    answer: Callable[[], Answer] = ingested,
    *,
    runs: MemoryRuns | None = None,
    checks: tuple[Check, ...] = (),
    probes: tuple[Check, ...] = (),
    settings: HttpSettings | None = None,
) -> AsyncIterator[tuple[Client, ScriptedIngests]]:
    ingests = ScriptedIngests(answer())
    made = Endpoint(
        ingests,
        runs or MemoryRuns(),
        Readiness(checks, probes),
        alive=lambda: {"running": 0},
        metrics=lambda: b"sluice_up 1\n",
        settings=settings or HttpSettings(),
    )
    async with TestClient(TestServer(made.application())) as client:
        yield client, ingests


async def test_an_ingest_is_answered_with_its_run_sizes_thumbnails_and_times() -> None:
    async with endpoint() as (client, ingests):
        response = await client.post("/asset-ingest", data=DLCS)
        body = await response.json()
    assert response.status == 200
    assert ingests.asked == [IngestRequest(PAGE)]
    assert body["outcome"] == "ingested"
    assert (body["width"], body["height"]) == (4000, 3000)
    assert body["thumbnails"][0] == {"width": 1024, "height": 768, "access": "open"}
    assert body["seconds"] == {"fetch": 0.5, "convert": 1.25}
    assert body["run"]


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
async def test_the_content_type_does_not_matter(content_type: str) -> None:
    async with endpoint() as (client, _):
        response = await client.post(
            "/asset-ingest",
            data=DLCS.encode(),
            headers={"Content-Type": content_type} if content_type else None,
            skip_auto_headers=("Content-Type",),
        )
        assert response.status == 200


async def test_a_refusal_names_reason_message_and_remedy() -> None:
    def refused() -> Answer:
        return Answer(HttpAnswer(404), PAGE, "refused", UNKNOWN_ASSET.of("99/1/page-1 is not in the database"))

    async with endpoint(refused) as (client, _):
        response = await client.post("/asset-ingest", data=DLCS)
        body = await response.json()
    assert response.status == 404
    assert body["reason"] == {
        "code": "unknown-asset",
        "message": "99/1/page-1 is not in the database",
        "remedy": UNKNOWN_ASSET.remedy,
    }


async def test_over_quota_is_507_and_secrets_in_a_message_are_hidden() -> None:
    def refused() -> Answer:
        return Answer(HttpAnswer(507), PAGE, "refused", OVER_QUOTA.of("https://u:secret@h/x is too much"))

    async with endpoint(refused) as (client, _):
        response = await client.post("/asset-ingest", data=DLCS)
        assert response.status == 507
        assert "secret" not in await response.text()


async def test_busy_says_when_to_come_back() -> None:
    def full() -> Answer:
        return Answer(HttpAnswer(503, 17), PAGE, "busy", AT_CAPACITY.of("all 16 slots are taken"))

    async with endpoint(full) as (client, _):
        response = await client.post("/asset-ingest", data=DLCS)
    assert response.status == 503
    assert response.headers["Retry-After"] == "17"


@pytest.mark.parametrize("body", ["", "no json", "[]", '{"id":"x"}', '{"id":"1/2/3","created":"soon"}', "\x00"])
async def test_what_names_no_asset_is_400_with_the_reason(body: str) -> None:
    async with endpoint() as (client, ingests):
        response = await client.post("/asset-ingest", data=body)
        told = await response.json()
    assert response.status == 400
    assert told["outcome"] == "unreadable"
    assert told["reason"]["remedy"]
    assert ingests.asked == []


async def test_a_body_beyond_the_cap_is_413() -> None:
    async with endpoint(settings=HttpSettings(most_bytes=1000)) as (client, _):
        response = await client.post("/asset-ingest", data=b"x" * 1001)
        assert response.status == 413
        assert "detail" in await response.json()


async def test_a_body_that_drips_is_cut_off() -> None:
    async def drip() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with endpoint(settings=HttpSettings(body_seconds=0.1)) as (client, _):
        try:
            response = await client.post("/asset-ingest", data=drip())
        except aiohttp.ClientError:
            return  # the server hung up before the client had finished speaking: as good
        assert response.status == 408


async def test_the_token_is_asked_for_everywhere_but_at_health() -> None:
    async with endpoint(settings=HttpSettings(token="opensesame")) as (client, ingests):
        for path in ("/runs/x", "/metrics", "/openapi.json", "/av/allowed"):
            response = await client.get(path)
            assert response.status == 401
            assert response.headers["WWW-Authenticate"] == "Bearer"
        for wrong in ("opensesame", "Bearer opensesame2", "Bearer", "Bearer \xe9"):
            response = await client.post("/asset-ingest", data=DLCS, headers={"Authorization": wrong})
            assert response.status == 401
        assert ingests.asked == []
        for path in ("/health", "/ready"):
            assert (await client.get(path)).status == 200
        for scheme in ("Bearer", "bearer"):
            response = await client.post("/asset-ingest", data=DLCS, headers={"Authorization": f"{scheme} opensesame"})
            assert response.status == 200


async def test_a_run_is_told_by_its_id() -> None:
    run = make_run(outcome="refused", reason=STORAGE_AWAY.of("s3://storage did not answer"))
    async with endpoint(runs=MemoryRuns([run])) as (client, _):
        body = await (await client.get(f"/runs/{run.id}")).json()
        assert body["outcome"] == "refused"
        assert body["reason"]["code"] == "storage-away"
        assert (await client.get(f"/runs/{uuid4()}")).status == 404
        assert (await client.get("/runs/nonsense")).status == 404


async def test_ready_names_every_dependency_and_health_does_not_care() -> None:
    async def fine() -> str:
        return "PostgreSQL 18"

    async def broken() -> str:
        raise ConnectionRefusedError("nobody listens at https://u:p@processor")

    checks = (Check("database", fine), Check("processor", broken, remedy="start it"))
    async with endpoint(checks=checks) as (client, _):
        response = await client.get("/ready")
        body = await response.json()
        assert (await client.get("/health")).status == 200
    assert response.status == 503
    told = {check["name"]: check for check in body["checks"]}
    assert told["database"]["ok"]
    assert told["database"]["says"] == "PostgreSQL 18"
    assert not told["processor"]["ok"]
    assert "u:p" not in told["processor"]["says"]
    assert told["processor"]["remedy"] == "start it"


async def test_ready_writes_probes_only_when_asked() -> None:
    written: list[int] = []

    async def write() -> str:
        written.append(1)
        return "written and read"

    async with endpoint(probes=(Check("bucket storage", write),)) as (client, _):
        await client.get("/ready")
        assert written == []
        body = await (await client.get("/ready?write=1")).json()
        assert written == [1]
        assert body["checks"][0]["says"] == "written and read"
        assert (await client.get("/ready?write=maybe")).status == 400


async def test_the_api_hears_that_there_is_no_audio_or_video() -> None:
    async with endpoint() as (client, _):
        assert await (await client.get("/av/allowed")).json() == []
        assert await (await client.get("/av/presets")).json() == {}


async def test_errors_of_the_web_server_are_json_too() -> None:
    async with endpoint() as (client, _):
        missing: dict[str, Any] = await (await client.get("/nothing-here")).json()
        wrong = await client.get("/asset-ingest")
        assert "detail" in missing
        assert wrong.status == 405
        assert wrong.headers["Allow"] == "POST"
