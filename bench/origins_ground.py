"""The servers and folders that `bench.origins` fetches from: as quick as this machine lets them be, each a process."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh

USER, PASSWORD = "bench", "bench"
MIB = 1024**2


def make_file(path: Path, size: int) -> Path:
    """A file of that size, of bytes that no file system can leave out."""
    block = os.urandom(MIB)
    with path.open("wb") as file:
        for at in range(0, size, MIB):
            file.write(block[: min(MIB, size - at)])
    return path


def serve_http(folder: Path, port: int) -> None:
    """Sends whole files with sendfile, a thread for each connection, for ever."""

    def answer(client: socket.socket) -> None:
        with client:
            request = client.recv(65536)
            if not request:  # somebody only looked whether we listen
                return
            path = folder / request.split()[1].decode().lstrip("/")
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % path.stat().st_size)
            with path.open("rb") as file:
                client.sendfile(file)

    with socket.create_server(("127.0.0.1", port), backlog=1024) as server:
        while True:
            client, _ = server.accept()
            threading.Thread(target=answer, args=(client,), daemon=True).start()


def serve_sftp(folder: Path, port: int) -> None:
    """An SFTP server over a folder, for ever."""

    class Server(asyncssh.SSHServer):
        def password_auth_supported(self) -> bool:
            return True

        def public_key_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == (USER, PASSWORD)

        def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
            return username == USER and key.public_data == known.public_data

    known = asyncssh.read_private_key(str(folder / "key"))

    async def serve() -> None:
        async with asyncssh.listen(
            "127.0.0.1",
            port,
            server_factory=Server,
            server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(folder).encode()),
        ):
            await asyncio.Event().wait()

    asyncio.run(serve())


def make_key(folder: Path) -> Path:
    """A private key that the SFTP server lets in; OpenSSH's client takes no password from a program."""
    path = folder / "key"
    path.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
    path.chmod(0o600)
    return path


@contextmanager
def running(kind: str, folder: Path) -> Iterator[int]:
    """One of the servers in a process of its own; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    command = [sys.executable, "-m", "bench.origins_ground", kind, str(folder), str(port)]
    with subprocess.Popen(command) as process:
        try:
            _wait_for(port)
            yield port
        finally:
            process.terminate()


def _wait_for(port: int, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return


if __name__ == "__main__":
    {"http": serve_http, "sftp": serve_sftp}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
