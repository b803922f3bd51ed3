"""The composed system of a chaos run: real parts as processes, engines by the handful, origins and a proxy in between.

Everything hurtful goes through here, so that it is undone again; what is hurt, and when, is decided in `schedule`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from aiohttp import web
from aiohttp.test_utils import TestServer

from local.aws import Aws, open_aws
from local.child import Child
from local.emulator import Emulator, start_emulator
from local.ports import LOOPBACK, choose_port
from local.postgres import Postgres, start_postgres
from local.postgres_home import abandon
from local.service import Service
from tests.chaos.cast import Member, Nature, body_of
from tests.fakes.cutting_proxy import CuttingProxy, cutting_proxy

BUCKETS = {"STORAGE": "storage", "THUMBS": "thumbs", "ORIGIN": "origin", "SECURITY": "security"}
QUEUES = {"IMAGE": "images", "PRIORITY": "images-priority", "FILE": "files"}
LEASE, GRACE, VISIBILITY = 5, 1, 8
RULES = {
    "ENGINE_LEASE_SECONDS": str(LEASE),
    "ENGINE_GRACE_SECONDS": str(GRACE),
    "ENGINE_HEART_SECONDS": "1",
    "ENGINE_VISIBILITY_SECONDS": str(VISIBILITY),
    "ENGINE_POLL_SECONDS": "2",
    "ENGINE_DRAIN_SECONDS": "20",
    "ENGINE_SLOTS": "8",
    "ENGINE_PRIORITY_SLOTS": "2",
    "ENGINE_ALLOWED_NETWORKS": "127.0.0.0/8",
    "ENGINE_HTTP_PORT": "0",
    "ENGINE_LOG_FORMAT": "json",
    "PROCESSOR_WORKERS": "2",
}
TMPFS_MB = 64
RESETS_EACH = 2
"""Of one origin: with more it would deserve to be given up."""


@dataclass(slots=True)
class Origins:
    """The origins of all assets; what they answer hangs on the asset's nature."""

    cast: dict[str, Member]
    fetches: Counter[str] = field(default_factory=Counter)
    resets: int = 0  # connections to be reset
    reset: Counter[str] = field(default_factory=Counter)
    poisoned: asyncio.Queue[tuple[Member, asyncio.Event]] = field(default_factory=asyncio.Queue)
    url: str = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One fetch."""
        member = self.cast[request.match_info["name"]]
        self.fetches[member.file] += 1
        if self.resets and self.reset[member.file] < RESETS_EACH:
            self.resets -= 1
            self.reset[member.file] += 1
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if member.nature is Nature.POISON:
            killed = asyncio.Event()
            await self.poisoned.put((member, killed))
            async with asyncio.timeout(60):
                await killed.wait()
        if member.nature is Nature.FLAKY and self.fetches[member.file] == 1:
            return web.Response(status=503)
        content = body_of(member)
        return web.Response(status=content) if isinstance(content, int) else web.Response(body=content)


class World:
    """All parts, and the means to hurt them."""

    def __init__(self, folder: Path, engines: int, origins: Origins) -> None:
        self.folder = folder
        self.origins = origins
        self.environment: dict[str, str] = dict(RULES)
        self.proxy: CuttingProxy
        self.postgres: Postgres
        self.emulator: Emulator
        self.aws: Aws
        self.heard = ""
        self.deaths: Counter[str] = Counter()
        self._services: dict[str, tuple[Service, Child]] = {}
        self._engines: dict[int, Child] = {}
        self._count = engines
        self._stopped: set[int] = set()
        self.scratch = folder / "scratch"
        self.small_disk = False

    @property
    def database_url(self) -> str:
        return self.environment["ENGINE_DATABASE_URL"]

    @classmethod
    @asynccontextmanager
    async def made(cls, folder: Path, engines: int, cast: tuple[Member, ...]) -> AsyncIterator[World]:
        """Everything up; everything down again at the end."""
        world = cls(folder, engines, Origins({member.file: member for member in cast}))
        async with AsyncExitStack() as stack:
            app = web.Application()
            app.router.add_get("/{name}", world.origins.serve)
            server = await stack.enter_async_context(TestServer(app))
            world.origins.url = str(server.make_url("")).rstrip("/")
            world._make_scratch(stack)
            world.postgres = start_postgres(folder / "postgres", log=folder / "postgres.log")
            stack.callback(abandon, folder / "postgres")
            stack.callback(lambda: world.postgres.stop())  # noqa: PLW0108  of whichever runs then
            world.environment["ENGINE_DATABASE_URL"] = world.postgres.create_database("chaos")
            world.emulator = start_emulator(folder / "aws", log=folder / "aws.log")
            stack.callback(lambda: world.emulator.stop())  # noqa: PLW0108  of whichever runs then
            world.proxy = await stack.enter_async_context(cutting_proxy(LOOPBACK, world.emulator.port))
            world.aws = stack.enter_context(open_aws(world.emulator))
            world._prepare_aws()
            await world._start_services(stack)
            yield world

    def _make_scratch(self, stack: AsyncExitStack) -> None:
        """A small disk of its own where we may mount one, so that filling it harms nobody else."""
        self.scratch.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_MB}m,mode=0777", "sluice-chaos", str(self.scratch)]
        if os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0:
            self.small_disk = True
            unmount = ["umount", "--lazy", str(self.scratch)]
            stack.callback(lambda: subprocess.run(unmount, check=False, capture_output=True))

    def _prepare_aws(self) -> None:
        for role, name in BUCKETS.items():
            self.environment[f"ENGINE_{role}_BUCKET"] = self.aws.make_bucket(name)
        for role, name in QUEUES.items():
            self.environment[f"ENGINE_{role}_QUEUE"] = self.aws.make_queue(name, receives=20)
        topic = self.environment["ENGINE_BATCH_TOPIC"] = self.aws.make_topic("batches")
        self.heard = self.aws.make_queue("heard")
        arn = self.aws.sqs.get_queue_attributes(QueueUrl=self.heard, AttributeNames=["QueueArn"])["Attributes"]
        self.aws.sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"], Attributes={"RawMessageDelivery": "true"}
        )
        self.environment |= self.emulator.environment | {"AWS_ENDPOINT_URL_S3": self.proxy.url}

    async def _start_services(self, stack: AsyncExitStack) -> None:
        from engine.db.migrate import upgrade  # noqa: PLC0415  heavy, and only needed here

        await asyncio.to_thread(upgrade, self.database_url)
        ports = {name: choose_port(name) for name in ("processor", "image-server")}
        self.environment |= {
            "PROCESSOR_HOST": LOOPBACK,
            "PROCESSOR_PORT": str(ports["processor"]),
            "PROCESSOR_SCRATCH": str(self.scratch),
            "IMAGE_SERVER_HOST": LOOPBACK,
            "IMAGE_SERVER_PORT": str(ports["image-server"]),
            "IMAGE_SERVER_CACHE": str(self.folder / "image-server"),
            "ENGINE_SCRATCH": str(self.scratch),
            "ENGINE_PROCESSOR_URL": f"http://{LOOPBACK}:{ports['processor']}",
            "ENGINE_IMAGE_SERVER_URL": f"http://{LOOPBACK}:{ports['image-server']}",
        }
        for name, health in (("processor", "/ping"), ("image-server", "/health")):
            service = Service(name, name, ports[name], health, self.environment)
            child = service.start(self.folder / f"{name}.log")
            self._services[name] = service, child
            child.wait_until(service.is_ready, patience=60)
        for number in range(self._count):
            self._start_engine(number)
        stack.callback(self._stop_all)

    def _start_engine(self, number: int) -> None:
        service = Service(f"engine {number}", "engine", 0, "/health", self.environment)
        self._engines[number] = service.start(self.folder / f"engine-{number}.log")

    def _stop_all(self) -> None:
        for child in (*self._engines.values(), *(child for _, child in self._services.values())):
            if child.alive:
                child.process.send_signal(signal.SIGCONT)
            child.stop(25)

    def revive(self) -> None:
        """Starts what died, as whoever watches over it would."""
        for number, child in self._engines.items():
            if not child.alive:
                self.deaths["engine"] += 1
                self._start_engine(number)
        for name, (service, child) in self._services.items():
            if not child.alive:
                self.deaths[name] += 1
                self._services[name] = service, service.start(self.folder / f"{name}.log")

    def kill_engine(self, pick: int) -> None:
        """One engine, at once."""
        self._engines[pick % self._count].process.kill()

    def kill_process(self, pid: int) -> bool:
        """The engine that has this process id; False when none of ours has."""
        for child in self._engines.values():
            if child.process.pid == pid and child.alive:
                child.process.kill()
                return True
        return False

    async def stop_engine(self, pick: int) -> None:
        """One engine stands still until its leases and its messages belong to others."""
        process = self._engines[pick % self._count].process
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(LEASE + GRACE + VISIBILITY + 2)
        process.send_signal(signal.SIGCONT)

    def kill_service(self, name: str) -> None:
        """The processor or the image server, at once."""
        self._services[name][1].process.kill()

    async def restart_database(self) -> None:
        """Down in a hurry, and up again where it was."""
        self.postgres.child.process.send_signal(signal.SIGQUIT)
        await asyncio.to_thread(self.postgres.child.process.wait, 30)
        self.postgres = start_postgres(
            self.folder / "postgres", log=self.folder / "postgres.log", port=self.postgres.port
        )

    async def restart_aws(self) -> None:
        """Down in good order, for it keeps its queues only then, and up again where it was."""
        await asyncio.to_thread(self.emulator.stop)
        self.emulator = start_emulator(self.folder / "aws", log=self.folder / "aws.log", port=self.emulator.port)

    async def fill_scratch(self) -> None:
        """Not a byte left on the scratch disk for a second, where it is one of its own."""
        if not self.small_disk:
            return
        hog = self.scratch / "hog"
        try:
            with hog.open("wb", buffering=0) as file:
                while file.write(b"\0" * 2**20):
                    pass
        except OSError:
            await asyncio.sleep(1)
        finally:
            hog.unlink(missing_ok=True)

    def send(self, body: str, delay: int = 0) -> None:
        """One message to the image queue."""
        self.aws.sqs.send_message(QueueUrl=self.environment["ENGINE_IMAGE_QUEUE"], MessageBody=body, DelaySeconds=delay)


def pid_of(worker: str) -> int:
    """The process id in a worker's name."""
    return int(worker.rsplit("-", 2)[1])


def chance_of(seed: int) -> Random:
    """Dice for what is not a fault: small pauses."""
    return Random(f"pauses {seed}")
