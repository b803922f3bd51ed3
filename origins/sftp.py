"""`sftp`: a file of an SSH server, read in blocks side by side; the log-in and the host are checked first."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import asyncssh

from origins.credential_values import SshLogin
from origins.credentials import Credentials
from origins.dialling import Dialler, on_the_way_to
from origins.download import Download, Downloads
from origins.hosts import Hosts
from origins.port import Fetched, OriginSettings
from origins.sftp_address import SftpAddress, sftp_address
from origins.sftp_errors import translated
from origins.side_by_side import side_by_side
from origins.ssh_keys import known_hosts, private_keys
from policies.outcome import IngestError
from policies.plan import Place
from policies.reasons import (
    ORIGIN_BAD_ANSWER,
    ORIGIN_CHANGED,
    ORIGIN_IDLE,
    ORIGIN_REJECTED,
    ORIGIN_TRUNCATED,
)

BLOCK = 255 * 1024
"""Bytes of one read request: what OpenSSH gives at most; servers that give less are asked again."""
BLOCKS_AT_ONCE = 32
WINDOW = 8 * 1024 * 1024
FAST_FIRST = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"
GOODBYE = 1.0
"""Seconds a server has to close its side."""


class SftpOrigin:
    """Fetches files over SFTP."""

    def __init__(
        self, dialler: Dialler, credentials: Credentials, downloads: Downloads, settings: OriginSettings
    ) -> None:
        self._dialler = dialler
        self._credentials = credentials
        self._downloads = downloads
        self._settings = settings
        self._hosts = Hosts(settings.sftp_sessions_per_host, settings.host_wait)

    async def fetch(self, place: Place, into: Path) -> Fetched:
        """Fetches a file whose size must be what the server says, before and after."""
        address = sftp_address(place.uri)
        login = await self._credentials.ssh_login(place)
        keys = await asyncio.to_thread(private_keys, login, place)
        async with (
            self._hosts.connection(f"{address.host}:{address.port}"),
            self._downloads.into(into) as download,
            self._session(address, login, keys) as sftp,
        ):
            with translated(str(address)):
                async with self._patience(address):
                    file = await sftp.open(address.path, "rb", block_size=0)  # closed with the connection
                    size, modified = _facts(await file.stat(), address)
                download.expect(size)
                await download.start()
                await self._pour(file, size, address, download)
                if await self._read(file, size, 1, address):
                    raise IngestError(ORIGIN_CHANGED, f"{address} is longer than the server said")
            return await download.finish(address=str(address), last_modified=modified)

    async def _pour(self, file: asyncssh.SFTPClientFile, size: int, address: SftpAddress, download: Download) -> None:
        async def block(at: int) -> None:
            end = min(at + BLOCK, size)
            while at < end:
                data = await self._read(file, at, end - at, address)
                if not data:
                    raise IngestError(ORIGIN_TRUNCATED, f"{address} ended after {at} of {size} bytes")
                if len(data) > end - at:
                    raise IngestError(ORIGIN_BAD_ANSWER, f"{address}: the server sent more than was asked for")
                await download.put(at, [data])
                at += len(data)

        await side_by_side(block, range(0, size, BLOCK), BLOCKS_AT_ONCE)

    async def _read(self, file: asyncssh.SFTPClientFile, at: int, length: int, address: SftpAddress) -> bytes:
        async with self._patience(address):
            return await file.read(length, at)

    @asynccontextmanager
    async def _session(
        self, address: SftpAddress, login: SshLogin, keys: list[asyncssh.SSHKey] | None
    ) -> AsyncIterator[asyncssh.SFTPClient]:
        with on_the_way_to(str(address)):
            hosts = await asyncio.to_thread(known_hosts, self._settings.known_hosts)
            plug = await self._dialler.dial(address.host, address.port)
        with closing(plug), translated(str(address)):  # until the connection owns it, and whatever becomes of that
            connection = await asyncssh.connect(
                address.host,
                address.port,
                sock=plug,
                config=None,
                agent_path=None,
                known_hosts=hosts,
                username=login.user,
                password=login.password,
                client_keys=keys,
                gss_kex=False,
                gss_auth=False,
                encryption_algs=FAST_FIRST,
                compression_algs=["none"],  # what a server compressed may be larger than any bound of ours
                login_timeout=self._settings.connect_seconds,
            )
            try:
                async with self._patience(address):
                    sftp = await connection.start_sftp_client()
                yield sftp
                connection.close()
                with suppress(TimeoutError):
                    async with asyncio.timeout(GOODBYE):
                        await connection.wait_closed()
            finally:
                connection.abort()

    @asynccontextmanager
    async def _patience(self, address: SftpAddress) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._settings.idle_seconds):
                yield
        except TimeoutError as error:
            raise IngestError(ORIGIN_IDLE, f"{address} fell silent") from error


def _facts(attributes: asyncssh.SFTPAttrs, address: SftpAddress) -> tuple[int, str | None]:
    if attributes.permissions is not None and not stat.S_ISREG(attributes.permissions):
        raise IngestError(ORIGIN_REJECTED, f"{address} is no file, but a folder or something else")
    if attributes.size is None:
        raise IngestError(ORIGIN_BAD_ANSWER, f"{address}: the server does not say how large it is")
    modified = None if attributes.mtime is None else datetime.fromtimestamp(attributes.mtime, UTC).isoformat()
    return attributes.size, modified
