"""Hiding secrets in what people read: log lines, errors, rows.

Used wherever an address or a text from outside is shown. It knows shapes, not values: passwords in front of a
host, query parameters that grant access, credentials as JSON, encrypted blobs.
"""

from __future__ import annotations

import re

HIDDEN = "***"

_USERINFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,20}://)[^/?#\s\"'<>]*@")
_QUERY = re.compile(
    r"(?i)([?&;](?:[a-z0-9_.~-]|%[0-9a-f]{2})*?"
    r"(?:secret|signature|token|password|passwd|pwd|credential|api[_-]?key|access[_-]?key(?:[_-]?id)?|auth|sig|key|code)"
    r"=)[^&#;\s\"'<>]*"
)
_JSON = re.compile(
    r"(?i)(\"(?:password|passphrase|privatekey|secretaccesskey|accesskeyid|user|username)\"\s*:\s*)\"(?:[^\"\\]|\\.)*\"?"
)
_HEADER = re.compile(r"(?i)\b((?:basic|bearer)\s+)[a-z0-9+/=._~-]{6,}")
_BLOB = re.compile(r"\benc:v1:[A-Za-z0-9+/=_:.-]+")

_MARK = re.compile(r"[=@\"\s]|enc:v1:")
"""One of these stands in whatever one of the patterns finds; most texts have none."""


def redact(text: str) -> str:
    """The text with everything that looks like a secret replaced by three stars."""
    if _MARK.search(text) is None:
        return text
    text = _USERINFO.sub(rf"\1{HIDDEN}@", text)
    text = _QUERY.sub(rf"\1{HIDDEN}", text)
    text = _JSON.sub(rf'\1"{HIDDEN}"', text)
    text = _HEADER.sub(rf"\1{HIDDEN}", text)
    return _BLOB.sub(f"enc:v1:{HIDDEN}", text)
