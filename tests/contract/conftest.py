"""The strategies of origins/, each with a server to fetch from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import aioboto3
import pytest

from local.aws import Aws
from origins.origins import Origins
from origins.port import OriginSettings
from policies.strategy_kind import StrategyKind
from tests.fakes.http_origin import http_origin
from tests.fakes.origin_hosts import BasicHost, HttpHost, OriginHost, S3Host, SftpHost
from tests.fakes.sftp_origin import sftp_origin
from tests.resources import Buckets

LOOPBACK = (ip_network("127.0.0.0/8"),)
OpenOrigins = Callable[..., AbstractAsyncContextManager[Origins]]


@pytest.fixture
def open_origins() -> OpenOrigins:
    """Opens the strategies with small limits, allowed to reach this machine; keywords replace settings."""

    def opened(session: aioboto3.Session | None = None, **settings: Any) -> AbstractAsyncContextManager[Origins]:
        small = {
            "allowed_networks": LOOPBACK,
            "total_seconds": 20,
            "idle_seconds": 5,
            "connect_seconds": 5,
            "answer_seconds": 5,
            "max_bytes": 64 * 1024**2,
        }
        return Origins.open(OriginSettings(**{**small, **settings}), session)

    return opened


@asynccontextmanager
async def default_host(_: pytest.FixtureRequest) -> AsyncIterator[OriginHost]:
    async with http_origin() as server:
        yield HttpHost(server)


@asynccontextmanager
async def basic_host(_: pytest.FixtureRequest) -> AsyncIterator[OriginHost]:
    async with http_origin() as server:
        yield BasicHost(server)


@asynccontextmanager
async def s3_host(request: pytest.FixtureRequest) -> AsyncIterator[OriginHost]:
    aws: Aws = request.getfixturevalue("aws")
    buckets: Buckets = request.getfixturevalue("buckets")
    yield S3Host(aws, buckets.origin)


@asynccontextmanager
async def sftp_host(request: pytest.FixtureRequest) -> AsyncIterator[OriginHost]:
    folder: Path = request.getfixturevalue("tmp_path") / "served"
    folder.mkdir()
    async with sftp_origin(folder) as server:
        yield SftpHost(server)


HOSTS = {
    StrategyKind.DEFAULT: default_host,
    StrategyKind.BASIC: basic_host,
    StrategyKind.S3: s3_host,
    StrategyKind.SFTP: sftp_host,
}
"""A server for each strategy; one without a server fails."""


@pytest.fixture(params=list(StrategyKind), ids=str)
async def host(request: pytest.FixtureRequest) -> AsyncIterator[OriginHost]:
    """A server for each strategy in turn."""
    async with HOSTS[request.param](request) as opened:
        yield opened


@pytest.fixture
async def origins(host: OriginHost, open_origins: OpenOrigins) -> AsyncIterator[Origins]:
    """All strategies, with small limits."""
    async with open_for(host, open_origins) as opened:
        yield opened


def open_for(host: OriginHost, open_origins: OpenOrigins, **settings: Any) -> AbstractAsyncContextManager[Origins]:
    """The strategies as a host needs them opened."""
    if not isinstance(host, S3Host):
        return open_origins(**settings)
    options = dict(host.aws.options)
    endpoint = options.pop("endpoint_url")
    return open_origins(aioboto3.Session(**options), s3_endpoint=endpoint, s3_path_style=True, **settings)
