"""Hiding secrets: what may not stand in a log, an error or a row, taken out of addresses and texts."""

from __future__ import annotations

import re

HIDDEN = "***"
USERINFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<userinfo>[^/?#\s@]*@)+", re.IGNORECASE)
TELLING = "signature|credential|token|secret|password|passwd|api[-_]?key|access[-_]?key"
PARAMETER = re.compile(
    rf"(?P<name>[?&;](?:[^\s=&?#;]*(?:{TELLING})[^\s=&?#;]*|sig|key|pwd)=)[^&#;\s\"'>]+", re.IGNORECASE
)


def redact(text: str) -> str:
    """The text, without the user part of its addresses and without the values of parameters that are secrets."""
    return PARAMETER.sub(rf"\g<name>{HIDDEN}", USERINFO.sub(rf"\g<scheme>{HIDDEN}@", text))
