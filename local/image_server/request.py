"""What is asked: the path of an Image API 3.0 request, parsed; nothing of the image is known yet.

{identifier}/info.json
{identifier}/{region}/{size}/{rotation}/{quality}.{format}
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final
from urllib.parse import unquote

from images.iiif_size import IiifSize, SizeError, parse_size

FORMATS: Final = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
QUALITIES: Final = ("default", "color", "gray", "bitonal")

_NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
_PIXELS = re.compile(r"(\d{1,9}),(\d{1,9}),(\d{1,9}),(\d{1,9})", re.ASCII)
_PERCENT = re.compile(rf"pct:({_NUMBER}),({_NUMBER}),({_NUMBER}),({_NUMBER})", re.ASCII)
_ROTATION = re.compile(rf"(!?)({_NUMBER})", re.ASCII)
_LAST = re.compile(r"([a-z]+)\.([a-z0-9]+)", re.ASCII)


class BadRequest(ValueError):  # noqa: N818 - the name of the answer it becomes
    """The request makes no sense, for any image or for this one; says what was expected."""


class NotFound(LookupError):  # noqa: N818 - the name of the answer it becomes
    """There is no such thing here."""


@dataclass(frozen=True, slots=True)
class Region:
    """A region of an image: the whole, its centred square, or four numbers in pixels or percent."""

    kind: str  # full, square, pixels, percent
    x: Fraction = Fraction(0)
    y: Fraction = Fraction(0)
    width: Fraction = Fraction(0)
    height: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class S3Object:
    """Where an identifier points."""

    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """One rendering that was asked for."""

    region: Region
    size: IiifSize
    quarter_turns: int  # clockwise
    mirrored: bool
    quality: str
    format: str


@dataclass(frozen=True, slots=True)
class Asked:
    """An identifier, as it stood in the path and as what it means, and what is asked of it."""

    raw_identifier: str
    object: S3Object
    what: ImageRequest | None  # None: its info.json; of an image when there is a rendering
    bare: bool = False  # the identifier alone, which redirects to its info.json


def parse_path(raw: str) -> Asked:
    """The request that a raw path (after the prefix, still percent-encoded) makes; BadRequest or NotFound."""
    raw_identifier, *rest = raw.split("/")
    match rest:
        case []:
            return Asked(raw_identifier, parse_identifier(raw_identifier), None, bare=True)
        case ["info.json"]:
            return Asked(raw_identifier, parse_identifier(raw_identifier), None)
        case [region, size, rotation, last]:
            what = _parse_rendering(*(unquote(each) for each in (region, size, rotation, last)))
            return Asked(raw_identifier, parse_identifier(raw_identifier), what)
        case _:
            raise NotFound(
                "expected {identifier}/info.json or {identifier}/{region}/{size}/{rotation}/{quality}.{format}"
            )


def parse_identifier(raw: str) -> S3Object:
    """The S3 object that an identifier (`s3:%2F%2Fbucket%2Fkey`) names; NotFound for any other."""
    scheme, _, rest = unquote(raw).partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket or not key:
        raise NotFound("no such image: an identifier is an S3 URI with / as %2F, s3:%2F%2Fbucket%2Fkey")
    return S3Object(bucket, key)


def _parse_rendering(region: str, size: str, rotation: str, last: str) -> ImageRequest:
    quarter_turns, mirrored = _parse_rotation(rotation)
    named = _LAST.fullmatch(last)
    if named is None or named[1] not in QUALITIES or named[2] not in FORMATS:
        raise BadRequest(f"expected {'|'.join(QUALITIES)}, a dot, then {'|'.join(FORMATS)}")
    try:
        wanted = parse_size(size)
    except SizeError as error:
        raise BadRequest(str(error)) from error
    return ImageRequest(_parse_region(region), wanted, quarter_turns, mirrored, named[1], named[2])


def _parse_region(text: str) -> Region:
    if text in {"full", "square"}:
        return Region(text)
    for kind, pattern in (("pixels", _PIXELS), ("percent", _PERCENT)):
        if found := pattern.fullmatch(text):
            return Region(kind, *(Fraction(number) for number in found.groups()))
    raise BadRequest("expected a region: full, square, x,y,w,h or pct:x,y,w,h")


def _parse_rotation(text: str) -> tuple[int, bool]:
    found = _ROTATION.fullmatch(text)
    if found is None or Fraction(found[2]) > 360 or Fraction(found[2]) % 90:
        raise BadRequest("expected a rotation: 0, 90, 180 or 270, with ! in front to mirror first")
    return int(Fraction(found[2]) // 90) % 4, bool(found[1])
