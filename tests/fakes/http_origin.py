"""An HTTP server of few manners: each path answers exactly as its script says, down to single bytes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent."""

    method: str
    path: str
    headers: Mapping[str, str]  # names in lower case
    client: asyncio.StreamReader = field(repr=False)  # what more it sends, until it goes


Script = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class HttpOriginServer:
    """The server's address, its scripts by path, and what it has seen."""

    port: int = 0
    scripts: dict[str, Script] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    open: int = 0  # connections now
    most_open: int = 0

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """The address of a path."""
        return f"http://{host}:{self.port}{path}"

    def put(self, path: str, script: Script) -> str:
        """Scripts a path and gives its address."""
        self.scripts[path] = script
        return self.url(path)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: one request, one script, closed."""
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                request = await _read(reader)
                self.requests.append(request)
                await self.scripts.get(request.path.partition("?")[0], status(404))(request, writer)
                await writer.drain()
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def http_origin(tls: ssl.SSLContext | None = None) -> AsyncIterator[HttpOriginServer]:
    """A server on a free port of the loopback address."""
    origin = HttpOriginServer()
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0, ssl=tls)
    origin.port = server.sockets[0].getsockname()[1]
    try:
        yield origin
    finally:
        server.close()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.split(":", 1) for line in head[1:] if line)
    method, path, _ = head[0].split()
    return Request(method, path, {name.strip().lower(): value.strip() for name, value in pairs}, reader)


def _head(line: str, headers: Mapping[str, str]) -> bytes:
    return "\r\n".join([line, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode("latin-1")


def raw(data: bytes) -> Script:
    """Exactly these bytes, then the end."""

    async def script(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return script


def status(code: int, phrase: str = "Because", **headers: str) -> Script:
    """A bare status; header names are given with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return raw(_head(f"HTTP/1.1 {code} {phrase}", {**named, "Content-Length": "0", "Connection": "close"}))


def file(data: bytes, headers: Mapping[str, str] | None = None, *, length: int | None = None) -> Script:
    """A file with its length, true unless another is given; ranges are not understood."""
    sized = {"Content-Length": str(len(data) if length is None else length), "Connection": "close"}
    return raw(_head("HTTP/1.1 200 OK", {**sized, **(headers or {})}) + data)


def part(data: bytes, headers: Mapping[str, str] | None = None, span: str = "bytes {start}-{last}/{total}") -> Script:
    """What is left of a file from where it was asked for, without a look at If-Range; the span may be a lie."""

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        start = int(request.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        said = {"Content-Range": span.format(start=start, last=len(data) - 1, total=len(data))} if span else {}
        sized = {"Content-Length": str(len(data) - start), "Connection": "close"}
        writer.write(_head("HTTP/1.1 206 Part", {**sized, **said, **(headers or {})}) + data[start:])

    return script


def one_by_one(*scripts: Script) -> Script:
    """Each request is answered by the next of these."""
    left = iter(scripts)

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        await next(left)(request, writer)

    return script


def redirect(location: str, code: int = 302) -> Script:
    """A redirect."""
    return status(code, "Elsewhere", Location=location)


def resumable(data: bytes, breaks: list[int], etag: str = '"v1"', headers: Mapping[str, str] | None = None) -> Script:
    """A file whose first answers break off after so many bytes each; ranges are understood, If-Range too."""
    left = list(breaks)

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        start = 0
        if "range" in request.headers and request.headers.get("if-range") == etag:
            start = int(request.headers["range"].removeprefix("bytes=").removesuffix("-"))
        named = {"ETag": etag, "Content-Length": str(len(data) - start), "Connection": "close", **(headers or {})}
        line = "HTTP/1.1 200 OK"
        if start:
            line, named["Content-Range"] = "HTTP/1.1 206 Part", f"bytes {start}-{len(data) - 1}/{len(data)}"
        end = start + left.pop(0) if left else len(data)
        writer.write(_head(line, named) + data[start:end])

    return script


def endless(chunk: bytes, pause: float = 0, head: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> Script:
    """A head, then the same bytes for as long as somebody listens."""

    async def script(_: Request, writer: asyncio.StreamWriter) -> None:
        await pour(writer, head, chunk, pause)

    return script


async def pour(writer: asyncio.StreamWriter, first: bytes, chunk: bytes, pause: float) -> None:
    """Something, then the same bytes for as long as somebody listens."""
    writer.write(first)
    while True:
        writer.write(chunk)
        await writer.drain()
        await asyncio.sleep(pause)


def silent(after: bytes = b"") -> Script:
    """These bytes, then nothing, the connection left open until the client goes."""

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(after)
        await writer.drain()
        await request.client.read()

    return script
