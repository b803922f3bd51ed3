"""Settings: the environment, read once at the top, as frozen values; or every bad variable together.

Which variables are required depends on the command, so an unset one is an empty value here, and whoever needs it
calls `require`. Knows the table and nothing of the parts that are configured: `parts` hands each its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import TypeVar

from engine import settings_table as t
from engine.env_file import ENV_FILE, read_env_file
from engine.origin_regex import NOWHERE, regex_of_bucket
from engine.settings_parts import (
    AwsPart,
    BucketsPart,
    DatabasePart,
    Given,
    HttpPart,
    LogsPart,
    OriginsPart,
    ProcessorPart,
    QueuesPart,
    ThumbnailsPart,
    WorkPart,
)
from engine.variables import Problem, SettingsError, Variable
from policies.facts import Rules
from policies.redact import redact

T = TypeVar("T")

DATABASE = ("ENGINE_DATABASE_URL",)
QUEUES = ("ENGINE_IMAGE_QUEUE", "ENGINE_PRIORITY_QUEUE")
BUCKETS = ("ENGINE_STORAGE_BUCKET", "ENGINE_THUMBS_BUCKET", "ENGINE_ORIGIN_BUCKET", "ENGINE_SECURITY_BUCKET")
SIDECARS = ("ENGINE_PROCESSOR_URL", "ENGINE_SCRATCH", "ENGINE_IMAGE_SERVER_URL")
EVERYTHING = DATABASE + QUEUES + BUCKETS + SIDECARS
"""What a whole engine needs."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set, as values that made sense."""

    database: DatabasePart
    queues: QueuesPart
    buckets: BucketsPart
    aws: AwsPart
    origins: OriginsPart
    processor: ProcessorPart
    thumbnails: ThumbnailsPart
    work: WorkPart
    http: HttpPart
    logs: LogsPart
    given: Mapping[str, Given]
    unknown: tuple[str, ...] = ()  # ENGINE_ names that mean nothing: perhaps misspelt

    def require(self, *names: str) -> None:
        """Raises one error for all of the named variables that are not set."""
        missing = [t.BY_NAME[name] for name in names if name not in self.given]
        if missing:
            raise SettingsError(tuple(Problem(v.name, "is not set", v.form.expected) for v in missing))

    def rules(self, region: str | None = None) -> Rules:
        """The part of the settings that decisions ask; `region` is our storage bucket's, where it is known."""
        return Rules(
            storage_bucket=self.buckets.storage,
            thumbs_bucket=self.buckets.thumbs,
            origin_bucket=self.buckets.origin,
            security_bucket=self.buckets.security,
            origin_regex=self.origins.regex,
            region=(region or self.aws.region) if self.buckets.uri_region else None,
            default_thumbs=self.thumbnails.default_sizes,
            quota_exempt=self.work.quota_exempt,
            readable=self.thumbnails.readable,
            max_pixels=self.origins.max_pixels,
            max_bytes=self.origins.max_bytes,
            cascade=self.thumbnails.cascade,
            origin_bucket_open=self.origins.bucket_open,
        )


class _Reader:
    """Reads variables one by one and remembers everything that was wrong."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        name = environ.get(ENV_FILE, "")
        file = read_env_file(name)
        self._given = {key: Given(text, f"the file {name}") for key, text in file.items()}
        self._given |= {key: Given(text, "the environment") for key, text in environ.items() if file.get(key) != text}
        self.problems: list[Problem] = []

    def __call__(self, variable: Variable[T]) -> T:
        given = self._given.get(variable.name)
        if given is None or (variable.blank and not given.text.strip()):
            return variable.default
        try:
            return variable.form.read(given.text)
        except ValueError as error:
            shown = "is set to what it cannot be (not shown)" if variable.secret else f"is {redact(given.text)!r}"
            detail = f" ({error})" if not variable.secret and str(error) not in {given.text, ""} else ""
            self.problems.append(Problem(variable.name, shown + detail, variable.form.expected))
            return variable.default

    def mind(self, holds: bool, variable: Variable[T], given: object, expected: str) -> None:
        """Notes a problem between two variables unless the rule holds."""
        if not holds:
            self.problems.append(Problem(variable.name, f"is {given}", expected))

    def given(self) -> dict[str, Given]:
        """What is set, blank texts left out."""
        return {name: given for name, given in self._given.items() if name in t.BY_NAME and given.text.strip()}

    def unknown(self) -> tuple[str, ...]:
        """Names in our manner that mean nothing, each with what was perhaps meant."""
        strange = (name for name in self._given if name.startswith("ENGINE_") and name not in {*t.BY_NAME, ENV_FILE})
        return tuple(
            f"{name} (perhaps {near[0]}?)" if (near := get_close_matches(name, t.BY_NAME, 1)) else name
            for name in sorted(strange)
        )


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings that an environment means, ENGINE_ENV_FILE included, or SettingsError for all that is bad."""
    settings, problems = examine_settings(environ)
    if problems:
        raise SettingsError(problems)
    return settings


def examine_settings(environ: Mapping[str, str]) -> tuple[Settings, tuple[Problem, ...]]:
    """The settings, with the default in place of every variable that is bad, and what was bad."""
    read = _Reader(environ)
    given = read.given()
    scratch = read(t.SCRATCH)
    endpoint = environ.get("AWS_ENDPOINT_URL_S3") or read(t.AWS_ENDPOINT_URL)
    path_style = read(t.PATH_STYLE)
    origin_bucket = read(t.ORIGIN_BUCKET)
    known_hosts = read(t.KNOWN_HOSTS)
    settings = Settings(
        database=DatabasePart(
            url=read(t.DATABASE_URL),
            connections=read(t.DATABASE_CONNECTIONS),
            pgbouncer=read(t.PGBOUNCER),
            keep_runs_days=read(t.KEEP_RUNS_DAYS),
        ),
        queues=QueuesPart(read(t.IMAGE_QUEUE), read(t.PRIORITY_QUEUE), read(t.FILE_QUEUE), read(t.BATCH_TOPIC)),
        buckets=BucketsPart(
            storage=read(t.STORAGE_BUCKET),
            thumbs=read(t.THUMBS_BUCKET),
            origin=origin_bucket,
            security=read(t.SECURITY_BUCKET),
            uri_region=read(t.S3_URI_REGION),
        ),
        aws=AwsPart(
            region=read(t.REGION) or environ.get("AWS_DEFAULT_REGION") or None,
            endpoint=endpoint,
            path_style=endpoint is not None if path_style is None else path_style,
        ),
        origins=OriginsPart(
            regex=read(t.ORIGIN_REGEX) or (regex_of_bucket(origin_bucket) if origin_bucket else NOWHERE),
            bucket_open=read(t.ORIGIN_BUCKET_OPEN),
            allowed_networks=read(t.ALLOWED_NETWORKS),
            known_hosts=Path(known_hosts) if known_hosts else None,
            credentials_keys=read(t.CREDENTIALS_KEYS),
            max_bytes=read(t.MAX_BYTES),
            max_pixels=read(t.MAX_PIXELS),
        ),
        processor=ProcessorPart(
            url=read(t.PROCESSOR_URL),
            seconds=read(t.PROCESSOR_SECONDS),
            scratch=Path(scratch),
            processor_scratch=PurePosixPath(read(t.PROCESSOR_SCRATCH) or scratch),
        ),
        thumbnails=ThumbnailsPart(
            image_servers=read(t.IMAGE_SERVER_URL),
            first=read(t.THUMBS_FROM),
            fallback=read(t.THUMBS_FALLBACK),
            cascade=read(t.THUMBS_CASCADE),
            default_sizes=read(t.DEFAULT_THUMBS),
            readable=read(t.READABLE_TYPES),
            orchestrator=read(t.ORCHESTRATOR_URL),
        ),
        work=WorkPart(
            slots=read(t.SLOTS),
            priority_slots=read(t.PRIORITY_SLOTS),
            attempts=read(t.ATTEMPTS),
            quota_exempt=read(t.QUOTA_EXEMPT),
            lease=read(t.LEASE_SECONDS),
            grace=read(t.GRACE_SECONDS),
            heart=read(t.HEART_SECONDS),
            visibility=read(t.VISIBILITY_SECONDS),
            poll=read(t.POLL_SECONDS),
            drain=read(t.DRAIN_SECONDS),
        ),
        http=HttpPart(read(t.HTTP_HOST), read(t.HTTP_PORT), read(t.HTTP_TOKEN), read(t.HTTP_SECONDS)),
        logs=LogsPart(read(t.LOG_LEVEL), read(t.LOG_FORMAT)),
        given=given,
        unknown=read.unknown(),
    )
    _mind_each_other(read, settings.work)
    return settings, tuple(read.problems)


def _mind_each_other(read: _Reader, work: WorkPart) -> None:
    read.mind(
        work.priority_slots < work.slots,
        t.PRIORITY_SLOTS,
        work.priority_slots,
        f"fewer than the {work.slots} of {t.SLOTS.name}",
    )
    for longer, value in ((t.LEASE_SECONDS, work.lease), (t.VISIBILITY_SECONDS, work.visibility)):
        read.mind(
            work.heart * 3 <= value,
            t.HEART_SECONDS,
            f"{work.heart:g} s",
            f"at most a third of {longer.name} ({value:g} s), so that a missed beat costs nothing",
        )
