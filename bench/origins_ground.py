"""The servers that `bench.origins` fetches from: as quick as this machine lets them be, each a process of its own."""

from __future__ import annotations

import getpass
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh

USER = getpass.getuser()
KIB, MIB, GIB = 1024, 1024**2, 1024**3
SBIN = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
NEEDED = {
    "curl": "curl (Debian: apt install curl)",
    "openssl": "openssl (Debian: apt install openssl)",
    "sftp": "OpenSSH's sftp (Debian: apt install openssh-client)",
    "sshd": "OpenSSH's sshd (Debian: apt install openssh-server)",
}
RANGE = re.compile(r"(?i)range: bytes=(\d+)-(\d+)")
HEAD = (
    "HTTP/1.1 {part}\r\nContent-Length: {length}\r\nAccept-Ranges: bytes\r\n"
    'ETag: "e"\r\nLast-Modified: Fri, 20 Nov 2026 10:00:00 GMT\r\n\r\n'
)
SSHD = """
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/client_key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
Subsystem sftp internal-sftp
"""


def missing() -> list[str]:
    """What has to be installed first."""
    return [words for name, words in NEEDED.items() if not shutil.which(name, path=SBIN)]


def make_file(path: Path, size: int) -> Path:
    """A file of that size, of bytes that no file system can leave out."""
    block = os.urandom(MIB)
    with path.open("wb") as file:
        for at in range(0, size, MIB):
            file.write(block[: min(MIB, size - at)])
    return path


def serve_http(folder: Path, port: int) -> None:
    """Sends files, or ranges of them, with sendfile, for ever: as much of S3 as GET needs."""

    def converse(client: socket.socket) -> None:
        with client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while request := client.recv(65536):
                answer(client, request.decode("latin-1"))

    def answer(client: socket.socket, request: str) -> None:
        method, target, _ = request.split(maxsplit=2)
        path = folder / target.partition("?")[0].rpartition("/")[2]
        size = path.stat().st_size
        asked = RANGE.search(request)
        first, last = (int(asked[1]), min(int(asked[2]), size - 1)) if asked else (0, size - 1)
        part = f"206 Part\r\nContent-Range: bytes {first}-{last}/{size}" if asked else "200 OK"
        client.sendall(HEAD.format(part=part, length=last - first + 1).encode())
        if method == "GET":
            with path.open("rb") as file:
                client.sendfile(file, first, last - first + 1)

    with socket.create_server(("127.0.0.1", port), backlog=1024) as server:
        while True:
            client, _ = server.accept()
            threading.Thread(target=converse, args=(client,), daemon=True).start()


@contextmanager
def running_http(folder: Path) -> Iterator[int]:
    """The HTTP server over a folder; gives its port."""
    port = _free_port()
    with _running([sys.executable, "-m", "bench.origins_ground", str(folder), str(port)], port):
        yield port


@contextmanager
def running_sshd(folder: Path) -> Iterator[tuple[int, str]]:
    """OpenSSH's own server, for whoever runs this and one key only; gives its port and the key's file."""
    port = _free_port()
    for name in ("host_key", "client_key"):
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(str(folder / name))
        key.write_public_key(str(folder / f"{name}.pub"))
        (folder / name).chmod(0o600)
    (folder / "sshd_config").write_text(SSHD.format(folder=folder))
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it puts itself away, and is made at boot
    program = shutil.which("sshd", path=SBIN)
    command = [str(program), "-D", "-f", str(folder / "sshd_config"), "-p", str(port)]
    with _running([*command, "-o", "ListenAddress=127.0.0.1", "-E", str(folder / "sshd.log")], port):
        yield port, str(folder / "client_key")


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    with subprocess.Popen(command) as process:
        try:
            _wait_for(port)
            yield
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port


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
    serve_http(Path(sys.argv[1]), int(sys.argv[2]))
