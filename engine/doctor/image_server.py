"""The image server: does it answer, and can it read what we store?"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote
from uuid import uuid4

import aiohttp
from types_aiobotocore_s3 import S3Client

from engine.doctor.finding import Exam, Finding, broken, fine
from engine.doctor.pictures import HEIGHT, WIDTH, probe_jpeg


def image_server_exam(http: aiohttp.ClientSession, s3: S3Client, base: str, bucket: str) -> Exam:
    """Stores a small picture in the storage bucket and asks the server for it."""

    async def run() -> Sequence[Finding]:
        key = f"transient/doctor-{uuid4()}"
        picture = f"{base}/iiif/3/{quote(f's3://{bucket}/{key}', safe='')}"
        await s3.put_object(Bucket=bucket, Key=key, Body=probe_jpeg(), ContentType="image/jpeg")
        try:
            return [await _asked(http, picture, base, bucket)]
        finally:
            await s3.delete_object(Bucket=bucket, Key=key)

    return Exam(f"image server {base}", run, "Is it running, and is ENGINE_IMAGE_SERVER_URL its address (no /iiif/3)?")


async def _asked(http: aiohttp.ClientSession, picture: str, base: str, bucket: str) -> Finding:
    name = f"image server {base}"
    blind = f"Let it read the bucket {bucket}: its permissions, region and endpoint, and its delegate script."
    async with http.get(f"{picture}/info.json") as response:
        if response.status in {403, 404}:
            return broken(name, f"cannot read {bucket}: info.json answered {response.status}", blind)
        if response.status != 200:
            return broken(name, f"info.json answered {response.status}: {await _words(response)}", blind)
        info = await response.json(content_type=None)
    if (info.get("width"), info.get("height")) != (WIDTH, HEIGHT):
        says = f"a picture of {WIDTH},{HEIGHT} is {info.get('width')},{info.get('height')} to it"
        return broken(name, says, "Is it an IIIF Image API 3 server?")
    async with http.get(f"{picture}/full/32,/0/default.jpg") as response:
        body = await response.read()
        if response.status != 200 or not body.startswith(b"\xff\xd8"):
            says = f"a thumbnail answered {response.status}: {body[:80].decode(errors='replace')}"
            return broken(name, says, "Look at its log.")
    return fine(name, f"read {bucket} and made a thumbnail")


async def _words(response: aiohttp.ClientResponse) -> str:
    return " ".join((await response.text(errors="replace")).split())[:120]
