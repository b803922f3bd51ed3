"""The whole system on this machine: started in order, watched, stopped in reverse.

    postgres ─► migrations ─┐
    aws ─► buckets, queues ─┼─► processor, image server ─► engine

Every part is a child process of ours. What they know of each other is one environment (contracts: the names of
settings), which also lies in a file, so that any `sluice` command can join in. Only its folder outlives it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from local.aws import Aws, open_aws
from local.child import Child, PartError, start
from local.emulator import Emulator, start_emulator
from local.ledger import Ledger
from local.ports import LOOPBACK, choose_port
from local.postgres import start_postgres
from local.service import PROGRAM, Service

DATABASE = "sluice"
BUCKETS = {"STORAGE": "storage", "THUMBS": "thumbs", "ORIGIN": "origin", "SECURITY": "security"}
QUEUES = {"IMAGE": "images", "PRIORITY": "images-priority", "FILE": "files"}
LOOK = 0.2  # seconds between two looks at the children
RESTARTS, WITHIN = 3, 60.0  # a part may die this often in this many seconds
HOUSE_RULES = {  # one machine, one engine: what is left of a killed one is taken over soon
    "ENGINE_LEASE_SECONDS": "100",
    "ENGINE_GRACE_SECONDS": "5",
    "ENGINE_HEART_SECONDS": "5",
    "ENGINE_VISIBILITY_SECONDS": "30",
    "ENGINE_POLL_SECONDS": "2",  # what an idle engine takes to stop
    "ENGINE_DRAIN_SECONDS": "20",
}
PATIENCE = {"engine": 30.0}  # seconds to end in, else 10


@dataclass(frozen=True, slots=True)
class Ports:
    """Fixed ports; None: a free one."""

    postgres: int | None = None
    aws: int | None = None
    processor: int | None = None
    image_server: int | None = None
    engine: int | None = None


@dataclass(frozen=True, slots=True)
class Up:
    """One part came up."""

    name: str
    address: str
    seconds: float
    note: str = ""


@dataclass(slots=True)
class Part:
    """A running part, how to start it again, and when it died before."""

    child: Child
    again: Callable[[], Child]
    deaths: list[float] = field(default_factory=list)


class System:
    """All the parts, and the one who holds them."""

    def __init__(
        self,
        folder: Path,
        ports: Ports,
        *,
        tell: Callable[[Up], None],
        warn: Callable[[str], None],
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self._ports = ports
        self._tell = tell
        self._warn = warn
        self._parts: dict[str, Part] = {}
        self._ledger = Ledger(folder)
        self._emulator: Emulator | None = None
        self.environment: dict[str, str] = HOUSE_RULES | dict(extra or {})

    @property
    def env_file(self) -> Path:
        return self._ledger.env_file

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name.replace(' ', '-')}.log"

    def aws(self) -> AbstractContextManager[Aws]:
        """Clients of its AWS."""
        assert self._emulator
        return open_aws(self._emulator)

    def child(self, name: str) -> Child:
        """One part as it runs now, for whoever wants to end it from outside."""
        return self._parts[name].child

    def start(self) -> None:
        """Bring everything up; PartError names what could not, with what to do."""
        self._ledger.open(self._warn)
        self._start_postgres()
        self._start_aws()
        self._migrate()
        self._start_services()
        self._ledger.write_environment(self.environment)

    def watch(self) -> None:
        """Look after the parts until interrupted; one that dies is named and started again, up to a point."""
        while True:
            self.look_after()
            time.sleep(LOOK)

    def look_after(self) -> None:
        """Start dead parts again; PartError when one keeps dying."""
        for name, part in self._parts.items():
            if part.child.alive:
                continue
            now = time.monotonic()
            part.deaths = [*(death for death in part.deaths if now - death < WITHIN), now]
            happened = f"{name} ended by itself (exit code {part.child.process.returncode})"
            if len(part.deaths) > RESTARTS:
                raise PartError(
                    f"{happened}, {len(part.deaths)} times within a minute, so all is stopped. "
                    f"The end of {part.child.log}:\n{part.child.last_words()}"
                )
            self._warn(f"{happened}; it is started again. Its words are in {part.child.log}")
            part.child = part.again()
            self._ledger.note(each.child for each in self._parts.values())

    def stop(self) -> None:
        """Stop all parts, the last started first; whoever takes too long is ended."""
        patience = 1.0
        while self._parts:
            name, part = self._parts.popitem()
            try:
                part.child.stop(PATIENCE.get(name, 10.0) * patience)
            except KeyboardInterrupt:  # asked again: no more waiting
                patience = 0.05
                part.child.stop(patience)
        self._ledger.close()

    def _start_postgres(self) -> None:
        began, folder = time.monotonic(), self.folder / "postgres"
        kept = (folder / "made").exists()
        server = start_postgres(folder, log=self.log("postgres"), port=self._ports.postgres)

        def again() -> Child:
            return start_postgres(folder, log=self.log("postgres"), port=server.port).child

        self._hold("postgres", server.child, again)
        self.environment["ENGINE_DATABASE_URL"] = server.create_database(DATABASE)
        (folder / "made").touch()
        note = "its data kept from before" if kept else "a new database"
        self._tell(Up("postgres", f"postgresql://{LOOPBACK}:{server.port}/{DATABASE}", time.monotonic() - began, note))

    def _start_aws(self) -> None:
        began, folder = time.monotonic(), self.folder / "aws"
        kept = folder.exists()
        emulator = self._emulator = start_emulator(folder, log=self.log("aws"), port=self._ports.aws)

        def again() -> Child:
            restarted = start_emulator(folder, log=self.log("aws"), port=emulator.port)
            _furnish(restarted)  # one that was killed has forgotten its queues
            return restarted.child

        self._hold("aws", emulator.child, again)
        self.environment |= emulator.environment | _furnish(emulator)
        note = "its objects kept from before" if kept else "new buckets, queues and a topic"
        self._tell(Up("aws", emulator.endpoint, time.monotonic() - began, note))

    def _migrate(self) -> None:
        began = time.monotonic()
        environment = {"PATH": os.environ.get("PATH", "")} | self.environment
        child = start("migrations", [PROGRAM, "migrate"], log=self.log("migrations"), environment=environment)
        child.finish(patience=120)
        self._tell(Up("migrations", "", time.monotonic() - began, "the database is up to date"))

    def _start_services(self) -> None:
        """Start our three services; the engine last, for it asks the others."""
        scratch = str(self.folder / "scratch")
        Path(scratch).mkdir(exist_ok=True)
        ports = {
            name: choose_port(name, wanted)
            for name, wanted in (
                ("processor", self._ports.processor),
                ("image server", self._ports.image_server),
                ("engine", self._ports.engine),
            )
        }
        self.environment |= {
            "PROCESSOR_HOST": LOOPBACK,
            "PROCESSOR_PORT": str(ports["processor"]),
            "PROCESSOR_SCRATCH": scratch,
            "IMAGE_SERVER_HOST": LOOPBACK,
            "IMAGE_SERVER_PORT": str(ports["image server"]),
            "IMAGE_SERVER_CACHE": str(self.folder / "image-server"),
            "ENGINE_SCRATCH": scratch,
            "ENGINE_PROCESSOR_SCRATCH": scratch,
            "ENGINE_PROCESSOR_URL": f"http://{LOOPBACK}:{ports['processor']}",
            "ENGINE_IMAGE_SERVER_URL": f"http://{LOOPBACK}:{ports['image server']}",
            "ENGINE_HTTP_HOST": LOOPBACK,
            "ENGINE_HTTP_PORT": str(ports["engine"]),
        }
        began = time.monotonic()
        beside = [
            Service("processor", "processor", ports["processor"], "/ping", self.environment),
            Service("image server", "image-server", ports["image server"], "/health", self.environment),
        ]
        for together in (beside, [Service("engine", "engine", ports["engine"], "/health", self.environment)]):
            for service in together:
                self._launch(service)
            for service in together:
                self._parts[service.name].child.wait_until(service.is_ready, patience=60)
                self._tell(Up(service.name, service.url, time.monotonic() - began))

    def _launch(self, service: Service) -> None:
        log = self.log(service.name)

        def again() -> Child:
            return service.start(log)

        self._hold(service.name, again(), again)

    def _hold(self, name: str, child: Child, again: Callable[[], Child]) -> None:
        self._parts[name] = Part(child, again)
        self._ledger.note(part.child for part in self._parts.values())


def _furnish(emulator: Emulator) -> dict[str, str]:
    """Make the buckets, queues and topic that are not there; what the engine must be told of them."""
    told = {}
    with open_aws(emulator) as aws:
        for role, name in BUCKETS.items():
            told[f"ENGINE_{role}_BUCKET"] = aws.make_bucket(name)
        aws.expire_transient(BUCKETS["STORAGE"])
        for role, name in QUEUES.items():
            told[f"ENGINE_{role}_QUEUE"] = aws.make_queue(name)
        told["ENGINE_BATCH_TOPIC"] = aws.make_topic("batches")
    return told
