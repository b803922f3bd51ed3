"""Text told from its first bytes: HTML, XML, SVG and JSON, whatever stands in front of them.

An origin that answers "not found" with a page and a 200 is the usual case; the page should be named as one.
"""

from __future__ import annotations

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_JSON = re.compile(r'\{\s*["}]|\[\s*(?:["\[{\]0-9-]|true|false|null)')
_BEFORE_ELEMENT = re.compile(
    r"(?:\s+|<!--.*?-->|<\?.*?\?>|<!doctype[^>\[]*(?:\[.*?\]\s*)?>)*", re.DOTALL | re.IGNORECASE
)
_HTML_DOCTYPE = re.compile(r"<!doctype\s+html", re.IGNORECASE)
_ELEMENT = re.compile(r"<(?:[a-z_][\w.-]*:)?([a-z_][\w.-]*)(?:[\s/>]|$)", re.IGNORECASE)
_HTML_ELEMENTS = frozenset(
    {"a", "b", "body", "br", "center", "div", "font", "h1", "h2", "h3", "head", "html", "iframe", "link"}
    | {"meta", "p", "script", "span", "style", "table", "title"}
)
_ENOUGH = 4096
"""Bytes that are looked at; longer preambles are not worth the time."""


def text_media_type(head: bytes) -> str | None:
    """The media type of a text that begins so; None if it is no text."""
    text, certain = _decoded(head[:_ENOUGH])
    if not text or _CONTROL.search(text):
        return None
    return _markup(text) or (_plain(text) if certain else None)


def _markup(text: str) -> str | None:
    """HTML, SVG or XML, by its first element, else by what stands before it."""
    before = _BEFORE_ELEMENT.match(text)
    start = before.end() if before else 0
    element = _ELEMENT.match(text, start)
    if element:
        name = element[1].lower()
        if name == "svg":
            return "image/svg+xml"
        return "text/html" if name in _HTML_ELEMENTS else "application/xml"
    if _HTML_DOCTYPE.search(text, 0, start) or text.lstrip().startswith("<!--"):
        return "text/html"
    return "application/xml" if text.lstrip().startswith("<?xml") else None


def _plain(text: str) -> str:
    return "application/json" if _JSON.match(text.lstrip()) else "text/plain"


def _decoded(head: bytes) -> tuple[str, bool]:
    """The bytes as text, and whether they surely are one; a last character that is cut off is left out."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, errors="ignore"), True
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(head), True
    except UnicodeDecodeError:
        return head.decode("latin-1"), False
