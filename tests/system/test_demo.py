"""`sluice demo` and `sluice up` from outside, as a stranger runs them: what they show, keep, survive and leave."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any, Self

import asyncpg
import boto3
import pytest
from PIL import Image

from local.leftovers import command_of
from local.postgres_home import abandon
from local.service import PROGRAM

PARTS = ("postgres", "aws", "migrations", "processor", "image server", "engine")


class Command:
    """A running `sluice` command whose words are read as they come."""

    def __init__(self, *words: str | Path, **told: str) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.process = subprocess.Popen(
            [PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=kept | told
        )
        assert self.process.stdout
        self._output: IO[str] = self.process.stdout
        self.said = ""

    def read_until(self, pattern: str) -> re.Match[str]:
        """The first line that matches; pytest's time-out bounds the wait."""
        for line in self._output:
            self.said += line
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"it ended without saying {pattern!r}:\n{self.said}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Whatever a failing test left; its children die with it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)
        self._output.close()

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end; its exit code."""
        self.process.send_signal(number)
        self.said += self._output.read()
        return self.process.wait(60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the demo keeps its things; later tests of this module find what earlier ones left."""
    place = tmp_path_factory.mktemp("demo")
    yield place
    abandon(place / "postgres")


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        body: bytes = answer.read()
        return body


def children(folder: Path) -> dict[int, str]:
    """The parts that run, by process id, with their command lines."""
    return {pid: command_of(pid) for pid, _, _ in json.loads((folder / "pids.json").read_text())}


def eventually(true: Callable[[], bool], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while not (answer := true()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer


def environment_of(folder: Path) -> dict[str, str]:
    lines = (folder / "env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def objects(folder: Path) -> dict[str, int]:
    """Every object in the system's buckets, with its size."""
    told = environment_of(folder)
    client = boto3.client(
        "s3",
        endpoint_url=told["AWS_ENDPOINT_URL"],
        region_name=told["AWS_REGION"],
        aws_access_key_id=told["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=told["AWS_SECRET_ACCESS_KEY"],
    )
    found = {}
    for role in ("STORAGE", "THUMBS"):
        bucket = told[f"ENGINE_{role}_BUCKET"]
        for each in client.list_objects_v2(Bucket=bucket).get("Contents", []):
            if not each["Key"].startswith("transient/"):
                found[f"{bucket}/{each['Key']}"] = each["Size"]
    client.close()
    return found


async def asked(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """What the system's database answers."""
    connection = await asyncpg.connect(environment_of(folder)["ENGINE_DATABASE_URL"])
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def rows(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Width, height and error of every asset."""
    found = await asked(folder, 'SELECT "Id", "Width", "Height", "Error" FROM "Images"')
    return {name: (width, height, error) for name, width, height, error in found}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("demo")
async def test_the_demo_shows_every_work_survives_kill_9_and_goes_on_from_what_it_kept(folder: Path) -> None:
    with Command("demo", "--keep", "--small", "--folder", folder) as demo:
        page = demo.read_until(r"Look at them: (http://127\.0\.0\.1:\d+)/")[1]
        for part in PARTS:
            assert re.search(rf"✓ {part} ", demo.said), demo.said
        assert "7 ingested, 1 refused" in demo.said
        assert "404 Not Found" in demo.said

        check_page(page)
        running = children(folder)
        assert len(running) == 5
        assert all(running.values())
        stored, recorded = objects(folder), await rows(folder)
        assert len([key for key in stored if key.endswith(".jpg")]) == 7 * 3  # small pictures have no 1024
        assert sorted(name for name, (_, _, error) in recorded.items() if error) == ["99/1/lost"]

        assert demo.end(signal.SIGKILL) == -signal.SIGKILL
    assert eventually(lambda: not any(command_of(pid) == line for pid, line in running.items()), 30)

    with Command("up", "--folder", folder) as up:
        up.read_until("All up")
        assert up.said.count("kept from before") == 2
        assert objects(folder) == stored
        assert await rows(folder) == recorded
        check_restart(up, folder)
        assert objects(folder) == stored
        assert up.end(signal.SIGTERM) == 0, up.said
    assert "all stopped" in up.said
    assert not (folder / "pids.json").exists()


WORKS, SERVED = 8, 2


@contextmanager
def reluctant_origin(files: Path, goes_on: threading.Event) -> Iterator[str]:
    """Serves a few files at once, and the others when it may go on, so that a batch can be caught half done."""
    few = iter(range(SERVED))

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if next(few, None) is None:
                goes_on.wait(240)
            super().do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(files))) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        goes_on.set()
        server.shutdown()


BATCH = """SELECT "Count", "Completed", "Errors", "Finished" IS NOT NULL FROM "Batches" WHERE "Customer" = 98"""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("demo")
async def test_up_killed_with_9_in_the_middle_of_a_batch_loses_no_row_no_object_and_no_asset(folder: Path) -> None:
    scans, goes_on = folder / "scans", threading.Event()
    scans.mkdir()
    for number in range(WORKS):
        Image.effect_noise((1500, 1000), 60 + number).save(scans / f"page-{number}.png")
    soon = {  # what is left of a killed engine is taken over soon
        "ENGINE_ALLOWED_NETWORKS": "127.0.0.0/8",
        "ENGINE_SLOTS": "4",
        "ENGINE_POLL_SECONDS": "1",
        "ENGINE_LEASE_SECONDS": "15",
        "ENGINE_GRACE_SECONDS": "1",
        "ENGINE_VISIBILITY_SECONDS": "15",
        "ENGINE_DRAIN_SECONDS": "1",
    }
    with reluctant_origin(scans, goes_on) as origin, Command("up", "--folder", folder, **soon) as up:
        up.read_until("All up")
        addresses = [f"{origin}/page-{number}.png" for number in range(WORKS)]
        words = ("ingest", *addresses, "-c", "98", "--no-follow")
        with Command(*words, ENGINE_ENV_FILE=str(folder / "env")) as ingest:
            assert ingest.end(signal.SIGCONT) == 0, ingest.said
        await until_settled(folder, SERVED)
        before, recorded = objects(folder), await rows(folder)
        running = children(folder)
        assert up.end(signal.SIGKILL) == -signal.SIGKILL
        assert eventually(lambda: not any(command_of(pid) == line for pid, line in running.items()), 30)
        goes_on.set()
        await check_that_the_rest_follows(folder, soon, before, recorded)


async def check_that_the_rest_follows(
    folder: Path, soon: dict[str, str], before: dict[str, int], recorded: dict[str, tuple[int, int, str]]
) -> None:
    """A new `sluice up` has all that the killed one had, and ends its batch."""
    with Command("up", "--folder", folder, **soon) as up:
        up.read_until("All up")
        after = objects(folder)
        assert {key: after.get(key) for key in before} == before
        kept = await rows(folder)
        assert kept.keys() == recorded.keys()
        done = {name: seen for name, seen in recorded.items() if seen[0]}
        assert {name: kept[name] for name in done} == done
        await until_settled(folder, WORKS)
        assert await asked(folder, BATCH) == [(WORKS, WORKS, 0, True)]
        assert {name: seen for name, seen in (await rows(folder)).items() if name.startswith("98/")} == {
            f"98/1/page-{number}": (1500, 1000, "") for number in range(WORKS)
        }
        assert {f"storage/98/1/page-{number}" for number in range(WORKS)} <= objects(folder).keys()
        assert up.end(signal.SIGTERM) == 0, up.said


async def until_settled(folder: Path, count: int) -> None:
    """Waits until so many assets of customer 98 are settled and counted; pytest's time-out bounds the wait."""
    completed = 'SELECT "Completed" FROM "Batches" WHERE "Customer" = 98'
    while (await asked(folder, completed))[0][0] < count:  # noqa: ASYNC110 - what is waited for is another process
        await asyncio.sleep(0.05)


def check_page(page: str) -> None:
    """Everything that the page needs comes from this machine, and is there."""
    for name in ("", "style.css", "viewer.js"):
        text = get(f"{page}/{name}").decode()
        assert not re.search(r"https?://", text), name
    assert b"Leaflet" in get(f"{page}/leaflet/leaflet.js")[:500]
    works = {work["asset"]: work for work in json.loads(get(f"{page}/demo.json"))["works"]}
    assert works["lost"]["service"] is None
    for work in works.values():
        if work["service"]:
            info = json.loads(get(f"{work['service']}/info.json"))
            tile = get(f"{work['service']}/0,0,{min(512, info['width'])},512/256,/0/default.jpg")
            assert tile.startswith(b"\xff\xd8\xff")
            assert all(get(f"{page}/{thumb['url']}").startswith(b"\xff\xd8\xff") for thumb in work["thumbs"])
            assert work["steps"]


def check_restart(up: Command, folder: Path) -> None:
    """A part that dies is named and started again, at the same address and with what it needs."""
    told = environment_of(folder)
    queue = f"{told['AWS_ENDPOINT_URL']}/?Action=GetQueueUrl&QueueName=images&Version=2012-11-05"
    dies(up, folder, "processor", "sluice processor", f"{told['ENGINE_PROCESSOR_URL']}/ping")
    dies(up, folder, "aws", "-m ministack", queue)


def dies(up: Command, folder: Path, name: str, line: str, url: str) -> None:
    """Kill a part, and wait until its address answers again."""
    [pid] = [pid for pid, command in children(folder).items() if command.rstrip().endswith(line)]
    os.kill(pid, signal.SIGKILL)
    up.read_until(f"{name} ended by itself")

    def answers() -> bool:
        try:
            return bool(get(url))
        except OSError:
            return False

    assert eventually(answers, 30)


@pytest.mark.xdist_group("demo")
def test_a_taken_port_is_named_and_nothing_stays_behind(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Command("up", "--folder", folder, "--port-postgres", str(port)) as up:
            assert up.end(signal.SIGCONT) == 1
    assert f"port {port} is taken" in up.said
    assert "--port-postgres" in up.said
    assert not (folder / "pids.json").exists()


@pytest.mark.xdist_group("demo")
def test_two_systems_in_one_folder_are_refused(tmp_path: Path) -> None:
    holder = (
        "import fcntl, sys, time; lock = open(sys.argv[1], 'a'); fcntl.flock(lock, fcntl.LOCK_EX);"
        "print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, tmp_path / "lock"], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        for name in ("env", "pids.json"):
            (tmp_path / name).write_text("[]")
        with Command("up", "--folder", tmp_path) as up:
            assert up.end(signal.SIGCONT) == 1
        assert "is up in" in up.said
        assert [(tmp_path / name).read_text() for name in ("env", "pids.json")] == ["[]", "[]"]
        other.kill()
