"""The IIIF size grammar: `!400,400` becomes a request for a size, and fits an image.

The first thing read of a thumbs policy and the last thing asked of an image server. It knows the IIIF Image
API 3.0 and integers; which sizes are made, and by whom, is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from images.quoting import quoted
from images.size import Size
from images.strict_json import JsonError, read_json

MAX_SIZES = 100
"""Sizes that one policy may ask; far more than anybody needs, few enough to plan without a thought."""

_SIDE = "[1-9][0-9]{0,4}"
_UP_TO_100 = r"100(\.0{1,10})?|[1-9]?[0-9](\.[0-9]{1,10})?"
_ANY_PERCENT = r"(0|[1-9][0-9]{0,3})(\.[0-9]{1,10})?"
_ABOVE_ZERO = r"(?![0.]*$)"
_SPACE = r"[ \t\r\n]*"

SIZE_PATTERN = "|".join(
    (
        r"\^?max",
        rf"\^?!?{_SIDE},{_SIDE}",
        rf"\^?({_SIDE},|,{_SIDE})",
        rf"pct:{_ABOVE_ZERO}({_UP_TO_100})",
        rf"\^pct:{_ABOVE_ZERO}{_ANY_PERCENT}",
    )
)
"""Every size, as one expression that Python and PostgreSQL read alike; to be matched whole."""

OLD_LIST_PATTERN = rf"{_SPACE}{_SIDE}{_SPACE}(,{_SPACE}{_SIDE}{_SPACE})*"
"""The older text of a thumbs policy, `1000,400,200,100`; to be matched whole, in both."""

INTEGER_PATTERN = _SIDE
"""What an integer in a JSON list may be."""

EXPECTED_SIZE = (
    "a IIIF 3.0 size: max, pct:n, `w,` `,h` `w,h` or `!w,h`, each with `^` in front if it may enlarge, "
    "w and h from 1 to 99999, n above 0 (to 100, or with `^` below 10000)"
)
EXPECTED_LIST = (
    'a JSON list of IIIF sizes such as ["!1024,1024", "!400,400"], of integers such as [1024, 400], '
    f"or the text 1024,400: 1 to {MAX_SIZES} entries"
)

_SIZE = re.compile(SIZE_PATTERN)
_OLD_LIST = re.compile(OLD_LIST_PATTERN)
_INTEGER = re.compile(INTEGER_PATTERN)


class SizeError(ValueError):
    """A text that asks no size; says what was expected instead."""


class SizeKind(StrEnum):
    """Which of the forms of the grammar a request has."""

    MAX = "max"
    PERCENT = "pct:n"
    WIDTH = "w,"
    HEIGHT = ",h"
    EXACT = "w,h"
    CONFINED = "!w,h"


@dataclass(frozen=True, slots=True)
class IiifSize:
    """One IIIF size request, parsed; `text` is its canonical form."""

    text: str
    kind: SizeKind
    width: int | None = None
    height: int | None = None
    percent: Fraction | None = None
    upscale: bool = False

    def __str__(self) -> str:
        return self.text


def parse_size(text: str) -> IiifSize:
    """One size of the IIIF grammar, or SizeError."""
    if _SIZE.fullmatch(text) is None:
        raise SizeError(f"{quoted(text)} is no size: expected {EXPECTED_SIZE}{_hint(text)}")
    upscale = text.startswith("^")
    bare = text.removeprefix("^")
    mark = "^" if upscale else ""
    if bare == "max":
        return IiifSize(text, SizeKind.MAX, upscale=upscale)
    if bare.startswith("pct:"):
        number = bare.removeprefix("pct:")
        canonical = number.rstrip("0").rstrip(".") if "." in number else number
        return IiifSize(f"{mark}pct:{canonical}", SizeKind.PERCENT, percent=Fraction(number), upscale=upscale)
    width, height = (int(side) if side else None for side in bare.removeprefix("!").split(","))
    return IiifSize(text, _kind(bare), width, height, upscale=upscale)


def parse_sizes(policy_data: str) -> tuple[IiifSize, ...]:
    """The sizes that the PolicyData of a thumbs policy asks, in its order, or SizeError naming the entry."""
    if _OLD_LIST.fullmatch(policy_data):
        entries: list[object] = [int(number) for number in policy_data.split(",")]
    else:
        entries = _json_list(policy_data)
    if not 1 <= len(entries) <= MAX_SIZES:
        raise SizeError(f"{len(entries)} entries: expected {EXPECTED_LIST}")
    return tuple(_entry(number, entry) for number, entry in enumerate(entries, start=1))


def size_for(request: IiifSize, image: Size) -> Size | None:
    """What the request makes of the image; None when it would enlarge it, or not make it smaller, unasked."""
    size = _FIT[request.kind](request, image)
    if request.upscale or request.kind is SizeKind.MAX or request.percent == 100:
        return size
    enlarges = size.width > image.width or size.height > image.height
    return None if enlarges or size == image else size


def scaled(side: int, numerator: int, denominator: int) -> int:
    """The side times a fraction, to the nearest pixel, ties up, and never 0."""
    return max(1, (2 * side * numerator + denominator) // (2 * denominator))


def _max(_: IiifSize, image: Size) -> Size:
    return image  # `^max` too: no maximum beyond the image's own size is known here


def _percent(request: IiifSize, image: Size) -> Size:
    assert request.percent is not None
    numerator, denominator = (request.percent / 100).as_integer_ratio()
    return Size(scaled(image.width, numerator, denominator), scaled(image.height, numerator, denominator))


def _width(request: IiifSize, image: Size) -> Size:
    assert request.width is not None
    return Size(request.width, scaled(image.height, request.width, image.width))


def _height(request: IiifSize, image: Size) -> Size:
    assert request.height is not None
    return Size(scaled(image.width, request.height, image.height), request.height)


def _exact(request: IiifSize, _: Size) -> Size:
    assert request.width is not None
    assert request.height is not None
    return Size(request.width, request.height)


def _confined(request: IiifSize, image: Size) -> Size:
    assert request.width is not None
    assert request.height is not None
    bound_by_width = request.width * image.height <= request.height * image.width
    return _width(request, image) if bound_by_width else _height(request, image)


_FIT: dict[SizeKind, Callable[[IiifSize, Size], Size]] = {
    SizeKind.MAX: _max,
    SizeKind.PERCENT: _percent,
    SizeKind.WIDTH: _width,
    SizeKind.HEIGHT: _height,
    SizeKind.EXACT: _exact,
    SizeKind.CONFINED: _confined,
}


def _kind(bare: str) -> SizeKind:
    if bare.startswith("!"):
        return SizeKind.CONFINED
    if bare.endswith(","):
        return SizeKind.WIDTH
    return SizeKind.HEIGHT if bare.startswith(",") else SizeKind.EXACT


def _json_list(policy_data: str) -> list[object]:
    try:
        value = read_json(policy_data)
    except JsonError as error:
        raise SizeError(f"{quoted(policy_data)} is {error}: expected {EXPECTED_LIST}") from error
    if not isinstance(value, list):
        raise SizeError(f"{quoted(policy_data)} is no list: expected {EXPECTED_LIST}")
    return value


def _entry(number: int, entry: object) -> IiifSize:
    """Entry `number` of a policy: a size, or an integer n that means `!n,n`."""
    text = f"!{entry},{entry}" if type(entry) is int else entry
    if type(entry) is int and not _INTEGER.fullmatch(str(entry)):
        raise SizeError(f"entry {number}, {quoted(entry)}: expected an integer from 1 to 99999")
    if not isinstance(text, str):
        raise SizeError(f"entry {number}, {quoted(entry)}: expected {EXPECTED_SIZE}")
    try:
        return parse_size(text)
    except SizeError as error:
        raise SizeError(f"entry {number}, {error}") from error


def _hint(text: str) -> str:
    """What the writer of a common mistake probably meant."""
    if text == "full":
        return "; `full` is IIIF 2, write `max`"
    if text.startswith("pct:") and _SIZE.fullmatch(f"^{text}"):
        return f"; more than 100 enlarges, write `^{text}`"
    if _INTEGER.fullmatch(text):
        return f"; write `!{text},{text}`"
    return ""
