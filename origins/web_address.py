"""Web addresses as people write them, made fit for the wire. Pure.

What is legal in a URL is sent as it was given, escapes and all, for signatures are made over exact bytes; the rest
is escaped as browsers do.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from yarl import URL

from policies.outcome import IngestError
from policies.reasons import ORIGIN_ADDRESS_UNUSABLE, ORIGIN_REDIRECT_OUTSIDE
from policies.redact import redact

LEGAL = "!#$%&'()*+,/:;=?@[]~"
STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
DEFAULT_PORTS = {"http": 80, "https": 443}


def web_url(text: str) -> URL:
    """The URL that an http or https origin means, without its fragment; IngestError says what is wrong with it."""
    given = text.strip()
    try:
        parts = urlsplit(given)
        if not (wrong := _what_is_wrong(parts)):
            path, query = _escaped(parts.path or "/"), _escaped(parts.query)
            site = URL.build(scheme=parts.scheme.lower(), host=parts.hostname or "", port=parts.port)
            # put together as text: joined, a path that begins with two slashes would name another host
            return URL(f"{site}{path}?{query}" if query else f"{site}{path}", encoded=True)
    except ValueError as error:
        wrong = str(error)
    raise IngestError(ORIGIN_ADDRESS_UNUSABLE, f"{redact(given)}: {wrong}")


def _what_is_wrong(parts: SplitResult) -> str | None:
    if parts.scheme.lower() not in DEFAULT_PORTS:
        return "expected an http or https address"
    if "@" in parts.netloc:
        return "it holds a login: that belongs into an origin strategy with credentials"
    return None if parts.hostname else "it names no host"


def redirected(url: URL, location: str) -> URL:
    """Where a redirect leads; IngestError when that is outside of the web."""
    target = urljoin(str(url), location.strip())
    try:
        return web_url(target)
    except IngestError as error:
        raise IngestError(
            ORIGIN_REDIRECT_OUTSIDE, f"{redact(str(url))} redirects to {redact(target)}: {error}"
        ) from error


def keeps_login(url: URL, target: URL) -> bool:
    """Whether a login for one address may be sent to the next: the same host and port, and no less secure."""
    if url.raw_host != target.raw_host:
        return False
    upgraded = url.scheme == "http" and target.scheme == "https" and url.is_default_port() and target.is_default_port()
    return upgraded or (url.scheme == target.scheme and url.port == target.port)


def _escaped(text: str) -> str:
    return STRAY_PERCENT.sub("%25", quote(text, safe=LEGAL))
