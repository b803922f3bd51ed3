"""The decision table: delivery channels, policy and origin to what is fetched, made, stored and read.

Data only, one row for each row of the table that people know; `plan` finds the row and says no where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Fetch(StrEnum):
    """How much of the origin an ingest needs."""

    NOTHING = "nothing"
    HEADER = "header"  # dimensions only, in place
    WHOLE = "whole"
    COPY = "copy"  # copied inside S3, never through us


class ReadFrom(StrEnum):
    """What the thumbnails are rendered from."""

    DERIVATIVE = "derivative"
    ORIGINAL = "original"
    TRANSIENT = "transient"
    ORIGIN = "origin"


class Location(StrEnum):
    """What "ImageLocation" shall point at."""

    DERIVATIVE = "derivative"
    ORIGINAL = "original"
    ORIGIN = "origin"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what is done for one kind of asset."""

    text: str
    fetch: Fetch
    convert: bool = False
    keep_original: bool = False
    location: Location | None = None
    thumbs_from: ReadFrom | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """What picks a row. `thumbs` beside iiif-img changes nothing; `ready` only counts with iiif-img."""

    file: bool = False
    image: bool = False
    thumbs: bool = False
    ready: bool = False
    optimised: bool = False


NONE = Row("none", Fetch.NOTHING)

FILE = Row("file", Fetch.WHOLE, keep_original=True)
FILE_IN_PLACE = Row("file, optimised origin", Fetch.NOTHING)

CONVERT = Row("iiif-img", Fetch.WHOLE, convert=True, location=Location.DERIVATIVE, thumbs_from=ReadFrom.DERIVATIVE)
READY = Row(
    "iiif-img, use-original",
    Fetch.WHOLE,
    keep_original=True,
    location=Location.ORIGINAL,
    thumbs_from=ReadFrom.ORIGINAL,
)
READY_IN_PLACE = Row(
    "iiif-img, use-original, optimised origin",
    Fetch.HEADER,
    location=Location.ORIGIN,
    thumbs_from=ReadFrom.ORIGIN,
)

FILE_CONVERT = Row(
    "file + iiif-img",
    Fetch.WHOLE,
    convert=True,
    keep_original=True,
    location=Location.DERIVATIVE,
    thumbs_from=ReadFrom.DERIVATIVE,
)
FILE_CONVERT_IN_PLACE = Row(
    "file + iiif-img, optimised origin",
    Fetch.WHOLE,
    convert=True,
    location=Location.DERIVATIVE,
    thumbs_from=ReadFrom.DERIVATIVE,
)
FILE_READY = Row(
    "file + iiif-img, use-original",
    Fetch.WHOLE,
    keep_original=True,
    location=Location.ORIGINAL,
    thumbs_from=ReadFrom.ORIGINAL,
)
FILE_READY_IN_PLACE = Row(
    "file + iiif-img, use-original, optimised origin",
    Fetch.HEADER,
    location=Location.ORIGIN,
    thumbs_from=ReadFrom.ORIGIN,
)

THUMBS = Row("thumbs", Fetch.WHOLE, thumbs_from=ReadFrom.TRANSIENT)
THUMBS_IN_PLACE = Row("thumbs, optimised origin", Fetch.HEADER, thumbs_from=ReadFrom.ORIGIN)
FILE_THUMBS = Row("file + thumbs", Fetch.WHOLE, keep_original=True, thumbs_from=ReadFrom.ORIGINAL)
FILE_THUMBS_IN_PLACE = Row("file + thumbs, optimised origin", Fetch.HEADER, thumbs_from=ReadFrom.ORIGIN)

TABLE: Mapping[Case, Row] = MappingProxyType(
    {
        Case(file=True): FILE,
        Case(file=True, optimised=True): FILE_IN_PLACE,
        Case(image=True): CONVERT,
        Case(image=True, optimised=True): CONVERT,
        Case(image=True, ready=True): READY,
        Case(image=True, ready=True, optimised=True): READY_IN_PLACE,
        Case(file=True, image=True): FILE_CONVERT,
        Case(file=True, image=True, optimised=True): FILE_CONVERT_IN_PLACE,
        Case(file=True, image=True, ready=True): FILE_READY,
        Case(file=True, image=True, ready=True, optimised=True): FILE_READY_IN_PLACE,
        Case(thumbs=True): THUMBS,
        Case(thumbs=True, optimised=True): THUMBS_IN_PLACE,
        Case(file=True, thumbs=True): FILE_THUMBS,
        Case(file=True, thumbs=True, optimised=True): FILE_THUMBS_IN_PLACE,
    }
)
