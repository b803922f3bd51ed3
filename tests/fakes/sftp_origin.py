"""An SFTP server in process over a folder: honest by default, and as dishonest as a test wants."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

USER = "reader"
PASSWORD = "correct horse"
HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")
CLIENT_KEY = asyncssh.generate_private_key("ssh-ed25519")


@dataclass(slots=True)
class SftpOriginServer:
    """The server's address, its folder, and how it misbehaves."""

    folder: Path
    port: int = 0
    open: int = 0
    most_open: int = 0
    logins: int = 0
    size_lie: int = 0  # added to every size
    cut_after: int | None = None  # reads, then the connection is cut
    silent: bool = False  # reads are never answered
    most_read: int | None = None  # bytes that one read gives
    pause: float = 0  # seconds before each read is answered
    reads: int = 0
    denied: set[str] = field(default_factory=set)
    files: list[Any] = field(default_factory=list)
    connections: list[asyncssh.SSHServerConnection] = field(default_factory=list)

    def url(self, name: str) -> str:
        """The address of a file, its name percent-encoded already."""
        return f"sftp://127.0.0.1:{self.port}/{name}"

    @property
    def known_hosts(self) -> str:
        """A line for a known_hosts file."""
        return f"[127.0.0.1]:{self.port} {HOST_KEY.export_public_key().decode()}"


class _Server(asyncssh.SSHServer):
    def __init__(self, origin: SftpOriginServer) -> None:
        self._origin = origin

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._origin.connections.append(conn)
        self._origin.open += 1
        self._origin.most_open = max(self._origin.most_open, self._origin.open)

    def connection_lost(self, exc: Exception | None) -> None:
        self._origin.open -= 1

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self._origin.logins += 1
        return username == USER and password == PASSWORD

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USER and key.public_data == CLIENT_KEY.public_data


class _Files(asyncssh.SFTPServer):
    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], origin: SftpOriginServer) -> None:
        super().__init__(channel, chroot=str(origin.folder).encode())
        self._origin = origin

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        if path.decode().lstrip("/") in self._origin.denied:
            raise PermissionError(13, "not for you")
        self._origin.files.append(super().open(path, pflags, attrs))
        return self._origin.files[-1]

    async def fstat(self, file_obj: Any) -> asyncssh.SFTPAttrs:
        attributes = asyncssh.SFTPAttrs.from_local(os.fstat(file_obj.fileno()))
        attributes.size = (attributes.size or 0) + self._origin.size_lie
        return attributes

    async def read(self, file_obj: Any, offset: int, size: int) -> bytes:
        origin = self._origin
        origin.reads += 1
        if origin.silent:
            await asyncio.Event().wait()
        await asyncio.sleep(origin.pause)
        if origin.cut_after is not None and origin.reads > origin.cut_after:
            origin.connections[-1].abort()
        found = super().read(file_obj, offset, min(size, origin.most_read or size))
        assert isinstance(found, bytes)
        return found


@asynccontextmanager
async def sftp_origin(folder: Path) -> AsyncIterator[SftpOriginServer]:
    """A server on a free port of the loopback address."""
    origin = SftpOriginServer(folder)
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=lambda: _Server(origin),
        server_host_keys=[HOST_KEY],
        sftp_factory=lambda channel: _Files(channel, origin),
    )
    origin.port = server.get_port()
    try:
        yield origin
    finally:
        server.close()
        for connection in origin.connections:
            connection.abort()
        await server.wait_closed()
        for opened in origin.files:
            opened.close()
