"""One GET, redirects followed, as a hostile internet demands: bounded connections, headers, time and hops.

Foreign exceptions are translated here; whoever reads the body does so inside `translated`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

import aiohttp
from yarl import URL

from origins.dialling import Dialler, on_the_way_to
from origins.hosts import Hosts
from origins.port import OriginSettings
from origins.web_address import keeps_login, redirected
from origins.web_answers import failure
from policies.outcome import IngestError
from policies.reasons import (
    ORIGIN_ADDRESS_UNUSABLE,
    ORIGIN_BAD_ANSWER,
    ORIGIN_CERTIFICATE,
    ORIGIN_IDLE,
    ORIGIN_INTERRUPTED,
    ORIGIN_REDIRECT_LOOP,
    ORIGIN_TLS,
    ORIGIN_TRUNCATED,
    ORIGIN_UNREACHABLE,
)
from policies.redact import redact

REDIRECTS = frozenset({301, 302, 303, 307, 308})
FILES = frozenset({200, 203, 206})
READ_BUFFER = 256 * 1024
"""Bytes that a connection holds before its sender must wait; larger ones save turns of the event loop."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is a file, its body still to be read, and the address it came from."""

    response: aiohttp.ClientResponse
    url: URL

    @property
    def address(self) -> str:
        return redact(str(self.url))


class Web:
    """The HTTP client of this room; no cookies, no proxies, no decompression, no redirects but our own."""

    def __init__(self, settings: OriginSettings, dialler: Dialler) -> None:
        self._settings = settings
        self._hosts = Hosts(settings.connections_per_host, settings.host_wait)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                resolver=dialler,
                socket_factory=dialler.socket_for,
                happy_eyeballs_delay=None,  # one address after the other, so that a forbidden one is heard of
                ssl=ssl.create_default_context(),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=settings.connect_seconds, sock_read=settings.idle_seconds
            ),
            headers={"User-Agent": settings.user_agent, "Accept-Encoding": "identity"},
            auto_decompress=False,
            read_bufsize=READ_BUFFER,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    @asynccontextmanager
    async def get(self, url: URL, headers: Mapping[str, str], login: str | None) -> AsyncIterator[Answer]:
        """The file at an address, or at the end of its redirects; a login stays with its host."""
        seen = {url}
        for _ in range(self._settings.redirects + 1):
            sent = {**headers, "Authorization": login} if login else headers
            async with self._hosts.connection(f"{url.raw_host}:{url.port}"), self._send(url, sent) as response:
                if response.status in FILES:
                    with translated(redact(str(url))):
                        yield Answer(response, url)
                    return
                location = response.headers.get("Location")
                if response.status not in REDIRECTS or not location:
                    raise failure(
                        response.status,
                        response.reason or "",
                        redact(str(url)),
                        response.headers.get("Retry-After"),
                        datetime.now(UTC),
                    )
            target = redirected(url, location)
            if target in seen:
                raise IngestError(ORIGIN_REDIRECT_LOOP, f"{redact(str(target))} redirects to itself in the end")
            seen.add(target)
            login = login if keeps_login(url, target) else None
            url = target
        raise IngestError(
            ORIGIN_REDIRECT_LOOP, f"more than {self._settings.redirects} redirects, the last to {redact(str(url))}"
        )

    @asynccontextmanager
    async def _send(self, url: URL, headers: Mapping[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
        address = redact(str(url))
        seconds = self._settings.connect_seconds + self._settings.answer_seconds
        with translated(address):
            try:
                async with asyncio.timeout(seconds):
                    with on_the_way_to(address):
                        response = await self._session.get(url, headers=headers, allow_redirects=False)
            except TimeoutError as error:
                if isinstance(error, aiohttp.ServerTimeoutError):
                    raise
                raise IngestError(ORIGIN_IDLE, f"{address} did not answer within {seconds:g} s") from error
        try:
            yield response
        finally:
            response.close() if not response.content.at_eof() else response.release()


@contextmanager
def translated(address: str) -> Iterator[None]:
    """Turns what the HTTP library raises into reasons."""
    try:
        yield
    except (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError) as error:
        raise IngestError(ORIGIN_CERTIFICATE, f"{address}: {_certificate(error)}") from error
    except aiohttp.ClientSSLError as error:
        raise IngestError(ORIGIN_TLS, f"{address}: {redact(str(error))}") from error
    except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
        said = getattr(error, "strerror", None) or "no connection in time"
        raise IngestError(ORIGIN_UNREACHABLE, f"{address}: {said}") from error
    except aiohttp.SocketTimeoutError as error:
        raise IngestError(ORIGIN_IDLE, f"{address} fell silent") from error
    except aiohttp.ClientPayloadError as error:
        raise IngestError(ORIGIN_TRUNCATED, f"{address} ended before its end") from error
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError) as error:
        raise IngestError(ORIGIN_INTERRUPTED, f"{address}: the connection broke") from error
    except aiohttp.InvalidURL as error:
        raise IngestError(ORIGIN_ADDRESS_UNUSABLE, f"{address} is no address that names a host") from error
    except aiohttp.ClientError as error:
        said = redact(" ".join(str(error).split()))[:200]
        raise IngestError(ORIGIN_BAD_ANSWER, f"{address}: {type(error).__name__} {said}") from error


def _certificate(error: Exception) -> str:
    cause = getattr(error, "certificate_error", error)
    return str(getattr(cause, "verify_message", "") or cause)
