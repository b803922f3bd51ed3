"""All that the doctor tries, in the order in which a person would look; what is not set cannot be tried."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

import aiohttp
from botocore.exceptions import BotoCoreError

from engine.aws import Aws, AwsSettings, open_aws
from engine.db.migrate import wanted_revision
from engine.doctor.buckets import bucket_exam
from engine.doctor.database import database_exam
from engine.doctor.finding import Exam, Finding, broken, examine, in_words, warning
from engine.doctor.image_server import image_server_exam
from engine.doctor.lifecycle import lifecycle_exam
from engine.doctor.processor import processor_exam, scratch_exam
from engine.doctor.queues import queue_exam, topic_exam
from engine.doctor.services import engine_exam, orchestrator_exam
from engine.outbound.processor import ProcessorSettings
from engine.settings import EVERYTHING, Settings
from engine.settings_table import BY_NAME


async def examine_everything(settings: Settings) -> AsyncIterator[list[Finding]]:
    """Findings, dependency by dependency, as they come; all are tried at once."""
    yield settings_findings(settings)
    async with AsyncExitStack() as stack:
        aws: Aws | None = None
        try:
            aws = await stack.enter_async_context(
                open_aws(AwsSettings(settings.aws.region, settings.aws.path_style, connections=16))
            )
        except BotoCoreError as error:  # no client can be made, so nothing of AWS can be tried
            yield [broken("AWS", in_words(error), "Set AWS_REGION, or the AWS_PROFILE that has one.")]
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)))
        exams = [*database_exams(settings), *http_exams(settings, http)]
        exams += aws_exams(settings, aws, http) if aws else []
        tasks = [asyncio.create_task(examine(exam)) for exam in exams]
        for task in tasks:
            yield await task


def settings_findings(settings: Settings) -> list[Finding]:
    """What can be said without trying anything."""
    missing = [name for name in EVERYTHING if name not in settings.given]
    found = [broken("settings", f"{name} is not set", f"Set it: {BY_NAME[name].meaning}") for name in missing]
    found += [warning("settings", f"{name} means nothing", "Misspelt? Nothing reads it.") for name in settings.unknown]
    if settings.work.visibility < settings.work.heart:
        says = "ENGINE_VISIBILITY_SECONDS is shorter than ENGINE_HEART_SECONDS"
        found.append(broken("settings", says, "Make it at least three heartbeats."))
    return found


def database_exams(settings: Settings) -> Sequence[Exam]:
    """The database, when its address is known."""
    url = settings.database.url
    return [database_exam(url, wanted_revision())] if url else []


def aws_exams(settings: Settings, aws: Aws, http: aiohttp.ClientSession) -> Sequence[Exam]:
    """Queues, topic and buckets, as far as they are named, and the image servers that read one of them."""
    buckets = settings.buckets
    named_buckets = (
        (buckets.storage, "ENGINE_STORAGE_BUCKET", True),
        (buckets.thumbs, "ENGINE_THUMBS_BUCKET", True),
        (buckets.origin, "ENGINE_ORIGIN_BUCKET", False),
        (buckets.security, "ENGINE_SECURITY_BUCKET", False),
    )
    queues = (
        (settings.queues.image, "ENGINE_IMAGE_QUEUE"),
        (settings.queues.priority, "ENGINE_PRIORITY_QUEUE"),
        (settings.queues.file or "", "ENGINE_FILE_QUEUE"),
    )
    exams = [queue_exam(aws.sqs, queue, name, heart=settings.work.heart) for queue, name in queues if queue]
    exams += [topic_exam(aws.sns, settings.queues.batch_topic)] if settings.queues.batch_topic else []
    exams += [bucket_exam(aws.s3, bucket, name, writes=writes) for bucket, name, writes in named_buckets if bucket]
    if buckets.storage:
        servers = settings.thumbnails.image_servers
        exams.append(lifecycle_exam(aws.s3, buckets.storage))
        exams += [image_server_exam(http, aws.s3, base, buckets.storage) for base in servers]
    return exams


def http_exams(settings: Settings, http: aiohttp.ClientSession) -> Sequence[Exam]:
    """Scratch, processor, orchestrator, and the engine itself."""
    exams: list[Exam] = []
    if "ENGINE_SCRATCH" in settings.given:
        exams.append(scratch_exam(settings.processor.scratch))
    if settings.processor.url and "ENGINE_SCRATCH" in settings.given:
        part = settings.processor
        exams.append(processor_exam(http, ProcessorSettings(part.url, part.scratch, part.processor_scratch)))
    if settings.thumbnails.orchestrator:
        exams.append(orchestrator_exam(http, settings.thumbnails.orchestrator))
    if settings.http.port:
        exams.append(engine_exam(http, f"http://{settings.http.host}:{settings.http.port}"))
    return exams
