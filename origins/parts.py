"""What strategies are made of, opened once for all of them, by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aioboto3

from origins.aws import AwsClients
from origins.credentials import Credentials
from origins.dialling import Dialler
from origins.download import Downloads
from origins.encryption import read_keys
from origins.port import OriginSettings
from origins.web import Web


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a strategy's constructor may ask for."""

    settings: OriginSettings
    downloads: Downloads
    dialler: Dialler
    web: Web
    aws: AwsClients
    credentials: Credentials


@asynccontextmanager
async def open_parts(settings: OriginSettings, session: aioboto3.Session) -> AsyncIterator[Parts]:
    """Opens the parts and closes them again."""
    keys = read_keys(settings.credentials_keys)
    threads = ThreadPoolExecutor(settings.threads, thread_name_prefix="origins")
    dialler = Dialler(settings.allowed_networks, settings.connect_seconds)
    try:
        async with Web(settings, dialler) as web, AwsClients(settings, session) as aws:
            yield Parts(
                settings=settings,
                downloads=Downloads(settings, threads),
                dialler=dialler,
                web=web,
                aws=aws,
                credentials=Credentials(aws, settings.security_bucket, keys),
            )
    finally:
        await dialler.close()
        threads.shutdown(wait=False, cancel_futures=True)
