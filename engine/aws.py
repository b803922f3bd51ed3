"""AWS clients: opened once, shared by all. Credentials, profile and endpoint come the way botocore finds them.

Exactly one layer retries: botocore for S3 and SNS, the loops that own them for SQS.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aioboto3
from aiobotocore.config import AioConfig
from types_aiobotocore_s3 import S3Client
from types_aiobotocore_sns import SNSClient
from types_aiobotocore_sqs import SQSClient

LONG_POLL = 20
"""Seconds; the longest that SQS waits for a message."""


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """What botocore does not work out by itself."""

    region: str | None = None  # AWS_REGION, which botocore leaves to other SDKs, else AWS_DEFAULT_REGION
    path_style: bool = False  # buckets in the path: wanted by endpoints other than AWS's own
    connections: int = 64


@dataclass(frozen=True, slots=True)
class Aws:
    """The open clients."""

    s3: S3Client
    sqs: SQSClient
    sns: SNSClient


@asynccontextmanager
async def open_aws(settings: AwsSettings) -> AsyncIterator[Aws]:
    """Opens one client for each service and closes them at the end."""
    session = aioboto3.Session(region_name=settings.region)
    storage = AioConfig(
        connect_timeout=5,
        read_timeout=60,
        max_pool_connections=settings.connections,
        retries={"mode": "standard", "total_max_attempts": 4},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path"} if settings.path_style else {},
    )
    queues = AioConfig(
        connect_timeout=5,
        read_timeout=LONG_POLL + 10,
        max_pool_connections=settings.connections,
        retries={"mode": "standard", "total_max_attempts": 1},
    )
    async with AsyncExitStack() as stack:
        yield Aws(
            s3=await stack.enter_async_context(session.client("s3", config=storage)),
            sqs=await stack.enter_async_context(session.client("sqs", config=queues)),
            sns=await stack.enter_async_context(session.client("sns", config=storage)),
        )
