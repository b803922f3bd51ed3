"""The table of sub-commands: the name people type, where it lives, and its line in `sluice --help`.

A command is a plain function, `def` or `async def`, whose annotated parameters are its options and whose
docstring is its help; it raises `engine.cli.stop` errors for what it expects to go wrong. One line here makes it
a command. A name of two words is a sub-command of the first; `runs` is then what runs without a second word.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

SYSTEM = "The system"
INGEST = "Ingesting"
LOOK = "Looking at it"
ADMIN = "For admins"


@dataclass(frozen=True, slots=True)
class Entry:
    """One sub-command."""

    name: str
    target: str  # "module:function", imported only when the command is asked for
    line: str
    panel: str

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self.name.split())

    @property
    def module(self) -> str:
        return self.target.partition(":")[0]

    @property
    def exists(self) -> bool:
        """Whether it can be run in this installation; looked up without importing it."""
        return bool(self.target) and find_spec(self.module) is not None


COMMANDS: tuple[Entry, ...] = (
    Entry("demo", "engine.cli.demo:demo", "One batch of images, end to end, and a page to look at them", SYSTEM),
    Entry("up", "engine.cli.up:up", "The whole system on this machine", SYSTEM),
    Entry("engine", "engine.cli.engine:engine", "The engine: queues, endpoint, heart and outbox", SYSTEM),
    Entry("processor", "engine.cli.processor:processor", "The JPEG 2000 processor", SYSTEM),
    Entry("image-server", "engine.cli.image_server:image_server", "The local IIIF image server", SYSTEM),
    Entry("migrate", "engine.cli.migrate:migrate", "Bring the database up to date", SYSTEM),
    Entry("ingest", "engine.cli.ingest:ingest", "Ingest addresses, files or folders, and follow them", INGEST),
    Entry("retry", "engine.cli.retry:retry", "Try failed assets again", INGEST),
    Entry("convert", "engine.cli.convert:convert", "Convert image files here, without the engine", INGEST),
    Entry("runs", "engine.cli.runs:runs", "What happened: the runs of assets and batches", LOOK),
    Entry("runs show", "engine.cli.runs:show_run", "Everything about one run", LOOK),
    Entry("explain", "engine.cli.explain:explain", "What would happen to an asset, and why", LOOK),
    Entry("doctor", "engine.cli.doctor:doctor", "Try every dependency, by name", LOOK),
    Entry("settings", "engine.cli.settings:settings", "What is set, from where, and what it means", LOOK),
    Entry("audit", "engine.cli.audit:audit", "Compare the database with the buckets", LOOK),
    Entry("queue", "", "Messages that could not be read", ADMIN),
    Entry("queue peek", "engine.cli.queue:peek", "Show what lies in the dead-letter queues, and why", ADMIN),
    Entry("queue redrive", "engine.cli.queue:redrive", "Move dead letters back to their queue", ADMIN),
    Entry("queue purge", "engine.cli.queue:purge", "Delete dead letters", ADMIN),
    Entry("credentials", "", "Credentials of customers' origins", ADMIN),
    Entry(
        "credentials encrypt",
        "engine.cli.credentials:encrypt",
        "Encrypt credentials for a strategy's row",
        ADMIN,
    ),
    Entry("credentials check", "engine.cli.credentials:check", "Try a strategy against an origin", ADMIN),
    Entry("policies", "", "What admins edit", ADMIN),
    Entry("policies check", "engine.cli.policies_check:check", "Every policy row that would fail", ADMIN),
)
"""In the order of `sluice --help`. An entry without a target only names a group."""
