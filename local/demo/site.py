"""The demo's own little web site: the origin that the engine fetches from, and the page that shows what came out.

Everything on the page comes from here or from the local image server; no foreign host is asked.
"""

from __future__ import annotations

import importlib.util
import mimetypes
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from botocore.exceptions import ClientError

from local.aws import Aws
from local.child import PartError
from local.ports import LOOPBACK, choose_port

PAGE = Path(__file__).parent / "page"


@dataclass(slots=True)
class Site:
    """What the site serves: folders by prefix, texts by name, and the thumbnails in a bucket."""

    folders: Mapping[str, Path]
    aws: Aws
    thumbs: str  # bucket
    texts: dict[str, bytes] = field(default_factory=dict)
    url: str = ""

    def find(self, path: str) -> tuple[bytes, str] | None:
        """The body and media type behind a path; None when there is nothing."""
        if path in self.texts:
            return self.texts[path], "application/json"
        parts = PurePosixPath(path).parts
        if not parts or ".." in parts:
            return None
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        if parts[0] == "thumbs":
            return self._thumbnail("/".join(parts[1:]))
        folder = self.folders.get(parts[0])
        file = (folder or PAGE).joinpath(*parts[1:] if folder else parts)
        return (file.read_bytes(), kind) if file.is_file() else None

    def _thumbnail(self, key: str) -> tuple[bytes, str] | None:
        try:
            answer = self.aws.s3.get_object(Bucket=self.thumbs, Key=key)
        except ClientError:
            return None
        return answer["Body"].read(), "image/jpeg"


@contextmanager
def open_site(pictures: Path, aws: Aws, thumbs: str, port: int | None = None) -> Iterator[Site]:
    """The site on a loopback port, in threads of its own."""
    site = Site({"origin": pictures, "leaflet": leaflet()}, aws, thumbs)
    server = ThreadingHTTPServer((LOOPBACK, choose_port("page", port)), partial(_Handler, site))
    server.daemon_threads = True
    site.url = f"http://{LOOPBACK}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, name="site")
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def leaflet() -> Path:
    """Where the package keeps the viewer's files."""
    found = importlib.util.find_spec("xstatic.pkg.leaflet")
    if found is None or found.origin is None:
        raise PartError("Leaflet is missing (the package XStatic-Leaflet). `make setup` puts it there.")
    return Path(found.origin).parent / "data"


class _Handler(BaseHTTPRequestHandler):
    """GET only."""

    protocol_version = "HTTP/1.1"

    def __init__(self, site: Site, *args: object) -> None:
        self._site = site
        super().__init__(*args)  # type: ignore[arg-type] # handed through

    def do_GET(self) -> None:
        found = self._site.find(unquote(self.path.partition("?")[0]).strip("/") or "index.html")
        body, kind = found or (b"there is no such thing here\n", "text/plain")
        self.send_response(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Says nothing: the table says what came out."""
