"""For each strategy, a real server that holds what a test puts there: the contract suite runs over all of them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol
from urllib.parse import quote

import asyncssh

from local.aws import Aws
from policies.plan import Place, StrategyKind
from policies.request import AssetId
from policies.s3_address import read_s3
from tests.fakes.http_origin import HttpOriginServer, Request, Script, file, status
from tests.fakes.sftp_origin import CLIENT_KEY, PASSWORD, USER, SftpOriginServer

ASSET = AssetId(99, 1, "page-1")


def make_place(
    uri: str, kind: StrategyKind = StrategyKind.DEFAULT, credentials: str = "", asset: AssetId = ASSET
) -> Place:
    """A place with the strategy row that would lead to it."""
    s3 = read_s3(uri) if kind is StrategyKind.S3 else None
    return Place(kind, uri, asset, credentials, "row-7", s3=s3)


class OriginHost(Protocol):
    """A server that one strategy fetches from; where it applies it has `denied` and `locked_out` too."""

    dials: ClassVar[bool]  # whether origins name the host that is connected to

    def put(self, name: str, data: bytes) -> Place:
        """Stores a file and says where it is."""

    def nowhere(self) -> Place:
        """Where nothing is."""


@dataclass(frozen=True, slots=True)
class HttpHost:
    """`default` against our own HTTP server."""

    dials: ClassVar[bool] = True
    server: HttpOriginServer

    def put(self, name: str, data: bytes) -> Place:
        self.server.put(f"/{quote(name)}", file(data))
        return make_place(self.server.url(f"/{quote(name)}"))

    def nowhere(self) -> Place:
        return make_place(self.server.url("/nowhere"))

    def denied(self) -> Place:
        self.server.put("/denied", status(403))
        return make_place(self.server.url("/denied"))


def guarded(inner: Script, user: str, password: str) -> Script:
    """The same for those who log in."""
    expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    async def script(request: Request, writer: object) -> None:
        right = request.headers.get("authorization") == expected
        await (inner if right else status(401))(request, writer)  # type: ignore[arg-type] # handed through

    return script


@dataclass(frozen=True, slots=True)
class BasicHost:
    """`basic-http-authentication` against our own HTTP server."""

    dials: ClassVar[bool] = True
    server: HttpOriginServer
    user: str = "reader"
    password: str = "s3cret:with colon"

    def _place(self, path: str, password: str | None = None) -> Place:
        credentials = json.dumps({"User": self.user, "PASSWORD": password or self.password})
        return make_place(self.server.url(path), StrategyKind.BASIC, credentials)

    def put(self, name: str, data: bytes) -> Place:
        self.server.put(f"/{quote(name)}", guarded(file(data), self.user, self.password))
        return self._place(f"/{quote(name)}")

    def nowhere(self) -> Place:
        return self._place("/nowhere")

    def denied(self) -> Place:
        self.server.put("/denied", status(403))
        return self._place("/denied")

    def locked_out(self) -> Place:
        self.server.put("/locked", guarded(file(b"x"), self.user, self.password))
        return self._place("/locked", "wrong")


@dataclass(frozen=True, slots=True)
class S3Host:
    """`s3-ambient` against an emulated S3."""

    dials: ClassVar[bool] = False
    aws: Aws
    bucket: str

    def put(self, name: str, data: bytes) -> Place:
        self.aws.s3.put_object(Bucket=self.bucket, Key=name, Body=data)
        return make_place(f"s3://{self.bucket}/{name}", StrategyKind.S3)

    def nowhere(self) -> Place:
        return make_place(f"s3://{self.bucket}/nowhere", StrategyKind.S3)


@dataclass(frozen=True, slots=True)
class SftpHost:
    """`sftp` against an SSH server in process."""

    dials: ClassVar[bool] = True
    server: SftpOriginServer

    def place(self, name: str, **credentials: str) -> Place:
        given = credentials or {"user": USER, "password": PASSWORD}
        return make_place(self.server.url(quote(name)), StrategyKind.SFTP, json.dumps(given))

    def put(self, name: str, data: bytes) -> Place:
        path = self.server.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return self.place(name)

    def nowhere(self) -> Place:
        return self.place("nowhere")

    def denied(self) -> Place:
        self.put("denied", b"secret")
        self.server.denied.add("denied")
        return self.place("denied")

    def locked_out(self) -> Place:
        self.put("locked", b"secret")
        return self.place("locked", user=USER, password="wrong")


def private_key(passphrase: str | None = None) -> str:
    """The key that the SFTP server knows, as a customer would hand it over."""
    return CLIENT_KEY.export_private_key(passphrase=passphrase, rounds=50).decode()


def known_hosts(server: SftpOriginServer, folder: Path, *, right: bool = True) -> Path:
    """A known_hosts file that has the server's key, or another one in its place."""
    path = folder / "known_hosts"
    key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    path.write_text(server.known_hosts if right else f"[127.0.0.1]:{server.port} {key}")
    return path
