"""`sftp://host[:port]/path` taken apart, its path percent-decoded. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from policies.outcome import IngestError
from policies.reasons import ORIGIN_ADDRESS_UNUSABLE
from policies.redact import redact

PORT = 22


@dataclass(frozen=True, slots=True)
class SftpAddress:
    """A file of a server."""

    host: str
    port: int
    path: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORT else f":{self.port}"
        return f"sftp://{host}{port}{self.path}"


def sftp_address(uri: str) -> SftpAddress:
    """The address that an origin means; IngestError says what is wrong with it."""
    given = uri.strip()
    try:
        parts = urlsplit(given)
        raw = given[given.index(parts.netloc) + len(parts.netloc) :]  # `?` and `#` are letters of a file's name here
        path = unquote(raw, errors="strict")
        if not (wrong := _what_is_wrong(parts, path)):
            return SftpAddress(parts.hostname or "", parts.port or PORT, path)
    except ValueError as error:
        wrong = str(error)
    raise IngestError(ORIGIN_ADDRESS_UNUSABLE, f"{redact(given)}: {wrong}")


def _what_is_wrong(parts: SplitResult, path: str) -> str | None:
    if parts.scheme.lower() != "sftp":
        return "expected an sftp address"
    if "@" in parts.netloc:
        return "it holds a login: that belongs into the origin strategy's credentials"
    if not parts.hostname:
        return "it names no host"
    return "it names no file" if path.endswith("/") or not path.startswith("/") or "\0" in path else None
