"""The processor and the folder we share with it: can it be reached, and does it see what we write?"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import aiohttp

from engine.doctor.finding import Exam, Finding, broken, fine, warning
from engine.doctor.pictures import HEIGHT, WIDTH, probe_jpeg
from engine.outbound.processor import Job, ProcessorClient, ProcessorSettings
from images.size import Size
from policies.outcome import IngestError
from policies.reasons import PROCESSOR_AWAY
from policies.request import AssetId

LITTLE = 5 * 1000**3
"""Bytes; less than this on the scratch disk is worth a word."""


def scratch_exam(folder: Path) -> Exam:
    """The scratch folder on our side."""

    async def run() -> Sequence[Finding]:
        return await asyncio.to_thread(_look_at, folder)

    return Exam("scratch", run, "Check that ENGINE_SCRATCH exists, is mounted, and that the engine may write to it.")


def _look_at(folder: Path) -> list[Finding]:
    probe = folder / f"doctor-{uuid4()}"
    probe.mkdir()
    try:
        (probe / "probe").write_bytes(b"x" * 4096)
    finally:
        shutil.rmtree(probe, ignore_errors=True)
    free = shutil.disk_usage(folder).free
    says = f"writable, {free / 1000**3:.1f} GB free"
    if free < LITTLE:
        return [warning("scratch", says, "Give it more room: each slot may need several times its image's size.")]
    return [fine("scratch", says)]


def processor_exam(http: aiohttp.ClientSession, settings: ProcessorSettings) -> Exam:
    """Pings the processor, then has it convert a small picture that lies in the shared folder."""
    client = ProcessorClient(http, settings)

    async def run() -> Sequence[Finding]:
        await client.ping()
        room = settings.scratch / f"doctor-{uuid4()}"
        source = room / "source.jpg"
        await asyncio.to_thread(room.mkdir)
        try:
            await asyncio.to_thread(source.write_bytes, probe_jpeg())
            return [await _conversion(client, source, room, settings)]
        finally:
            await asyncio.to_thread(shutil.rmtree, room, ignore_errors=True)

    return Exam("processor", run, "Is it running, and is ENGINE_PROCESSOR_URL its address?")


async def _conversion(client: ProcessorClient, source: Path, room: Path, settings: ProcessorSettings) -> Finding:
    job = Job(uuid4(), AssetId(0, 0, "doctor"), "sluice doctor", source, room, "image-only")
    try:
        made = await client.convert(job)
    except IngestError as error:
        if error.reason.kind is PROCESSOR_AWAY:
            raise
        return broken(
            "shared folder",
            f"the processor cannot convert what we put there: {error.reason.message}",
            f"{settings.scratch} here must be {settings.processor_scratch} there: check both mounts, "
            "ENGINE_PROCESSOR_SCRATCH and PROCESSOR_SCRATCH, and who may write.",
        )
    if made.jp2 is None or not await asyncio.to_thread(made.jp2.is_file):
        remedy = "Both sides must mount the same folder: check ENGINE_SCRATCH and ENGINE_PROCESSOR_SCRATCH."
        return broken("shared folder", "the processor answered, but its JPEG 2000 is not in our folder", remedy)
    if made.size != Size(WIDTH, HEIGHT):
        return broken("processor", f"a picture of {WIDTH},{HEIGHT} came out as {made.size}", "Update the processor.")
    return fine("processor", "converted a picture in the shared folder")
