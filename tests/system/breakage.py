"""`make breakage`: breaks each part of a running system in turn, and asks who says so.

For each breakage `sluice doctor` must name what is broken, and an ingest that needs it must end with the reason that
belongs to it; once mended, the doctor must be content again. Prints a table; exit code 1 when anything went unnamed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from PIL import Image

from engine.cli.output import console, row, table
from local.aws import Aws
from local.system import Ports, System

PATIENCE = 40.0
SLUICE = [sys.executable, "-c", "from engine.cli import main; main()"]
EXTRA = {"ENGINE_ALLOWED_NETWORKS": "127.0.0.0/8"}
Broken = Callable[["Ground"], None]


@dataclass(slots=True)
class Ground:
    """A running system, an origin in front of it, and the hands to break things with."""

    system: System
    aws: Aws
    origin: str
    counter: int = 0
    spare: dict[str, Path] = field(default_factory=dict)

    def doctor(self, **changed: str) -> list[dict[str, Any]]:
        """What `sluice doctor` finds, with some variables changed."""
        done = subprocess.run(
            [*SLUICE, "doctor", "--json"],
            env=self.system.environment | changed,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert "Traceback" not in done.stderr, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    def ingest(self, name: str = "page.jpg") -> dict[str, Any]:
        """How one ingest ends that begins now."""
        self.counter += 1
        body = {"id": f"b{self.counter}", "customer": 99, "space": 1, "origin": f"{self.origin}/{name}"}
        body |= {"deliveryChannels": ["iiif-img", "thumbs"], "mediaType": "image/jpeg"}
        port = self.system.environment["ENGINE_HTTP_PORT"]
        request = urllib.request.Request(f"http://127.0.0.1:{port}/asset-ingest", json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                said: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            said = json.load(error)
        except OSError as error:
            said = {"outcome": "no answer", "reason": {"code": "no-answer", "message": str(error)}}
        return said


def mend_nothing(_: Ground) -> None:
    """Nothing was broken for good."""


@dataclass(frozen=True, slots=True)
class Breakage:
    """One way to break the system, who must name it how, and how it is mended."""

    name: str
    breaks: Broken
    doctor_says: str  # in the name or the words of a finding that is not fine
    reason: str | None = None  # the code that an ingest must end with; "by …": who made its thumbnails
    mends: Broken = mend_nothing
    origin: str = "page.jpg"
    changed: Mapping[str, str] = field(default_factory=dict)  # for the doctor alone


def kill(part: str) -> Broken:
    """Ends a part as a crash would."""

    def breaks(ground: Ground) -> None:
        child = ground.system.child(part)
        child.process.kill()
        child.process.wait(10)

    return breaks


def stop(part: str) -> Broken:
    """Ends a part in order: the emulator forgets its queues when it crashes, which AWS does not."""
    return lambda ground: ground.system.child(part).stop(10)


def bring_back(ground: Ground) -> None:
    """What died is started again."""
    ground.system.look_after()


def drop_bucket(variable: str) -> Broken:
    def breaks(ground: Ground) -> None:
        name = ground.system.environment[variable]
        for entry in ground.aws.s3.list_objects_v2(Bucket=name).get("Contents", []):
            ground.aws.s3.delete_object(Bucket=name, Key=entry["Key"])
        ground.aws.s3.delete_bucket(Bucket=name)

    return breaks


def make_bucket(variable: str) -> Broken:
    def mends(ground: Ground) -> None:
        name = ground.aws.make_bucket(ground.system.environment[variable])
        ground.aws.expire_transient(name)

    return mends


def keep_transient(ground: Ground) -> None:
    ground.aws.s3.delete_bucket_lifecycle(Bucket=ground.system.environment["ENGINE_STORAGE_BUCKET"])


def drop_queue(ground: Ground) -> None:
    ground.aws.sqs.delete_queue(QueueUrl=ground.system.environment["ENGINE_PRIORITY_QUEUE"])


def make_queue(ground: Ground) -> None:
    url = ground.system.environment["ENGINE_PRIORITY_QUEUE"]
    assert ground.aws.make_queue(url.rsplit("/", 1)[-1]) == url


def queue_settings(**settings: str) -> Broken:
    def change(ground: Ground) -> None:
        url = ground.system.environment["ENGINE_IMAGE_QUEUE"]
        ground.aws.sqs.set_queue_attributes(QueueUrl=url, Attributes=settings)  # type: ignore[arg-type]  # plain names

    return change


def mend_queue(ground: Ground) -> None:
    ground.aws.make_queue(ground.system.environment["ENGINE_IMAGE_QUEUE"].rsplit("/", 1)[-1])


def hide_scratch(ground: Ground) -> None:
    scratch = Path(ground.system.environment["ENGINE_SCRATCH"])
    ground.spare["scratch"] = scratch.rename(scratch.with_name("scratch-away"))


def show_scratch(ground: Ground) -> None:
    ground.spare.pop("scratch").rename(ground.system.environment["ENGINE_SCRATCH"])


def dead_letter(ground: Ground) -> None:
    url = ground.system.environment["ENGINE_IMAGE_QUEUE"] + "-dead"
    ground.aws.sqs.send_message(QueueUrl=url, MessageBody="not json")


def no_dead_letter(ground: Ground) -> None:
    ground.aws.sqs.purge_queue(QueueUrl=ground.system.environment["ENGINE_IMAGE_QUEUE"] + "-dead")


NO_TOPIC = "arn:aws:sns:eu-west-1:000000000000:nobody"
OTHER_FOLDER = tempfile.gettempdir()

BREAKAGES = (
    Breakage("nothing at all", mend_nothing, "", "by image-server"),
    Breakage("the database is down", kill("postgres"), "database", "database-away", bring_back),
    Breakage("S3, SQS and SNS are down", stop("aws"), "bucket storage", "storage-away", bring_back),
    Breakage("the processor is down", kill("processor"), "processor", "processor-away", bring_back),
    Breakage("the image server is down", kill("image server"), "image server", "by processor", bring_back),
    Breakage("the engine is down", kill("engine"), "engine", "no-answer", bring_back),
    Breakage(
        "the storage bucket is gone",
        drop_bucket("ENGINE_STORAGE_BUCKET"),
        "bucket storage",
        "storage-denied",
        make_bucket("ENGINE_STORAGE_BUCKET"),
    ),
    Breakage(
        "the thumbs bucket is gone",
        drop_bucket("ENGINE_THUMBS_BUCKET"),
        "bucket thumbs",
        "storage-denied",
        make_bucket("ENGINE_THUMBS_BUCKET"),
    ),
    Breakage(
        "the security bucket is gone",
        drop_bucket("ENGINE_SECURITY_BUCKET"),
        "bucket security",
        mends=make_bucket("ENGINE_SECURITY_BUCKET"),
    ),
    Breakage(
        "nothing under transient/ expires",
        keep_transient,
        "no lifecycle rule expires it",
        mends=make_bucket("ENGINE_STORAGE_BUCKET"),
    ),
    Breakage("a queue is gone", drop_queue, "queue images-priority", mends=make_queue),
    Breakage("a queue has no dead letters", queue_settings(RedrivePolicy=""), "no dead-letter queue", mends=mend_queue),
    Breakage("messages come back too soon", queue_settings(VisibilityTimeout="1"), "visibility", mends=mend_queue),
    Breakage("a dead letter lies there", dead_letter, "dead letters of images", mends=no_dead_letter),
    Breakage("the scratch folder is gone", hide_scratch, "scratch", "scratch-unusable", show_scratch),
    Breakage(
        "the scratch folder is not shared",
        mend_nothing,
        "shared folder",
        changed={"ENGINE_SCRATCH": OTHER_FOLDER},
    ),
    Breakage(
        "the image server is elsewhere",
        mend_nothing,
        "image server",
        changed={"ENGINE_IMAGE_SERVER_URL": "http://127.0.0.1:9"},
    ),
    Breakage(
        "the topic is not there",
        mend_nothing,
        "topic",
        changed={"ENGINE_BATCH_TOPIC": "arn:aws:sns:eu-west-1:000000000000:nobody"},
    ),
    Breakage("a setting is missing", mend_nothing, "_THUMBS_BUCKET is not set", changed={"ENGINE_THUMBS_BUCKET": ""}),
    Breakage("a setting is misspelt", mend_nothing, "ENGINE_SLOT ", changed={"ENGINE_SLOT": "3"}),
    Breakage(
        "the password is wrong",
        mend_nothing,
        "database",
        changed={"ENGINE_DATABASE_URL": "postgresql://nobody:x@127.0.0.1:9/x"},
    ),
    Breakage("an origin has no such page", mend_nothing, "", "origin-not-found", origin="nothing-here.jpg"),
    Breakage("an origin serves a web page", mend_nothing, "", "not-an-image", origin="page.html"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of one breakage."""

    breakage: Breakage
    findings: list[str]
    ingest: str
    named: bool
    left: list[str]  # what the doctor still finds after mending

    @property
    def mended(self) -> bool:
        return not self.left


def tell(ground: Ground, breakage: Breakage) -> Told:
    """Breaks, asks, mends, and asks again."""
    breakage.breaks(ground)
    try:
        findings = [
            f"{one['name']}: {one['says']}" for one in ground.doctor(**breakage.changed) if one["verdict"] != "fine"
        ]
        said = ground.ingest(breakage.origin) if breakage.reason else {}
    finally:
        breakage.mends(ground)
    ending = (said.get("reason") or {}).get("code") or f"by {said.get('thumbnailsBy')}"
    right = any(breakage.doctor_says in one for one in findings) if breakage.doctor_says else not findings
    named = right and (breakage.reason is None or ending == breakage.reason)
    return Told(breakage, findings, ending if breakage.reason else "", named, left_after_mending(ground))


def not_fine(findings: list[dict[str, Any]]) -> list[str]:
    """What the doctor is not content with, in its words."""
    return [f"{one['name']}: {one['says']}" for one in findings if one["verdict"] != "fine"]


def left_after_mending(ground: Ground) -> list[str]:
    """What the doctor still finds when there was time to come back."""
    until = time.monotonic() + PATIENCE
    while (left := not_fine(ground.doctor())) and time.monotonic() < until:
        time.sleep(1)
    return left


@contextmanager
def origin_server(folder: Path) -> Iterator[str]:
    """An HTTP server of one picture and one page."""
    Image.effect_mandelbrot((1200, 900), (-2, -1.5, 1, 1.5), 40).convert("RGB").save(folder / "page.jpg")
    (folder / "page.html").write_text("<!doctype html><title>Not found</title>" + " " * 500)
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nobody reads it."""


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """A whole system in the folder, up."""
    with ExitStack() as stack:
        (folder / "origin").mkdir(parents=True)
        address = stack.enter_context(origin_server(folder / "origin"))
        system = System(folder / "system", Ports(), tell=lambda _: None, warn=lambda _: None, extra=EXTRA)
        stack.callback(system.stop)
        system.start()
        yield Ground(system, stack.enter_context(system.aws()), address)


def main() -> int:
    """Breaks everything, and prints what was said."""
    folder = Path(tempfile.mkdtemp(prefix="sluice-breakage-"))
    out = console()
    made = table("", "broken", "the doctor says", "an ingest says", "", whole=("",))
    bad = 0
    try:
        with ground(folder) as system:
            for breakage in BREAKAGES:
                told = tell(system, breakage)
                fine = told.named and told.mended
                bad += not fine
                mark = "named" if fine else "UNNAMED" if not told.named else "NOT MENDED"
                row(made, breakage.name, "\n".join(told.findings) or "-", told.ingest or "-", mark)
                out.print(f"{mark:10} {breakage.name}")
                if not fine:
                    out.print(f"           doctor: {told.findings}; ingest: {told.ingest}; left: {told.left}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    out.print(made)
    out.print(f"{len(BREAKAGES) - bad} of {len(BREAKAGES)} breakages were named by doctor and ingest, and mended")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
