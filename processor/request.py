"""A request body becomes an Order, or the list of everything that is wrong with it, in the protocol's 422 form.

Paths come from outside and are believed only inside the shared folder, after every link has been followed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from images.iiif_size import IiifSize, SizeError, parse_size
from images.recipe import NAMED, Recipe, RecipeError, parse_recipe
from processor.order import Operation, Order

MOST_SIZES = 200
Detail = dict[str, Any]


class InvalidRequest(Exception):  # noqa: N818 - a verdict about the request
    """All that is wrong with a request."""

    def __init__(self, detail: Sequence[Detail]) -> None:
        super().__init__(f"{len(detail)} fields are wrong")
        self.detail = list(detail)


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, with what is echoed in the answer, and all that was sent."""

    order: Order
    echo: Mapping[str, object]
    sent: Mapping[str, object]


def read_request(body: bytes, scratch: Path) -> Request:
    """Reads a request; touches the file system to follow links, so it belongs off the event loop."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest([complaint([], "the body is no JSON", "json_invalid", None)]) from error
    if not isinstance(fields, dict):
        raise InvalidRequest([complaint([], "the body should be an object", "dict_type", fields)])
    reader = _Reader(fields, scratch.resolve())
    operation = reader.operation()
    sizes = reader.sizes()
    order = Order(
        token=uuid4().hex,
        source=reader.source(),
        operation=operation,
        destination=reader.destination() if operation.makes_image else None,
        thumb_folder=reader.thumb_folder() if operation.makes_thumbs and sizes else None,
        recipe=reader.recipe(),
        sizes=sizes,
    )
    if reader.detail:
        raise InvalidRequest(reader.detail)
    echo = {name: fields.get(name) for name in ("jobId", "imageId", "origin")}
    if fields.get("optimisation") is not None:
        echo["optimisation"] = fields["optimisation"]
    return Request(order, echo, fields)


def complaint(place: Sequence[str | int], message: str, kind: str, given: object) -> Detail:
    """One entry of a 422's detail."""
    return {"loc": ["body", *place], "msg": message, "type": kind, "input": given}


def _there(look: Callable[[], bool]) -> bool:
    """What a look at a path says; a path that cannot even be looked at leads nowhere."""
    try:
        return look()
    except OSError:
        return False


class _Reader:
    """Reads field after field and collects what is wrong."""

    def __init__(self, fields: Mapping[str, Any], scratch: Path) -> None:
        self._fields = fields
        self._scratch = scratch
        self.detail: list[Detail] = []

    def operation(self) -> Operation:
        given = self._fields.get("operation", Operation.INGEST)
        try:
            return Operation(given)
        except ValueError:
            self._wrong("operation", f"expected one of {', '.join(Operation)}")
            return Operation.INGEST

    def source(self) -> Path:
        path = self._path("source")
        if path is not None and not _there(path.is_file):
            self._wrong("source", "there is no such file", "missing")
        return path or self._scratch

    def destination(self) -> Path:
        path = self._path("destination")
        if path is None:
            return self._scratch
        if _there(path.is_dir):
            self._wrong("destination", "expected the path of a file, not of a folder")
        elif not _there(path.parent.is_dir):
            self._wrong("destination", "its folder does not exist", "missing")
        return path

    def thumb_folder(self) -> Path:
        path = self._path("thumbDir")
        if path is not None and not _there(path.is_dir):
            self._wrong("thumbDir", "there is no such folder", "missing")
        return path or self._scratch

    def recipe(self) -> Recipe:
        name = self._fields.get("optimisation")
        given = self._fields.get("recipe")
        if given is None:
            if isinstance(name, str | None) and (name or "kdu_max") in NAMED:
                return NAMED[name or "kdu_max"]
            self._wrong("optimisation", f"expected one of {', '.join(NAMED)}")
            return NAMED["default"]
        if isinstance(given, str) and given in NAMED:
            return NAMED[given]
        try:
            return parse_recipe(given)
        except RecipeError as error:
            message = f"expected {error.expected}"
            self.detail.append(complaint(["recipe", error.field], message, "recipe", error.given))
        return NAMED["default"]

    def sizes(self) -> tuple[IiifSize, ...]:
        given = self._fields.get("thumbIIIFSizes") or []
        if not isinstance(given, list) or len(given) > MOST_SIZES:
            self._wrong("thumbIIIFSizes", f"expected a list of {MOST_SIZES} IIIF sizes at most")
            return ()
        sizes = []
        for index, text in enumerate(given):
            try:
                sizes.append(parse_size(text if isinstance(text, str) else repr(text)))
            except SizeError as error:
                self.detail.append(complaint(["thumbIIIFSizes", index], str(error), "size", text))
        return tuple(sizes)

    def _path(self, name: str) -> Path | None:
        """A path inside the shared folder, links followed; None when that has been complained about."""
        given = self._fields.get(name)
        if not isinstance(given, str) or not given or "\0" in given:
            self._wrong(name, "expected a path in the shared folder", "missing" if given is None else "path")
            return None
        try:
            path = (self._scratch / given).resolve()
        except (OSError, RuntimeError):
            self._wrong(name, "the path leads nowhere", "path")
            return None
        if not path.is_relative_to(self._scratch) or path == self._scratch:
            self._wrong(name, f"it lies outside the shared folder {self._scratch}", "path")
            return None
        return path

    def _wrong(self, name: str, message: str, kind: str = "value") -> None:
        self.detail.append(complaint([name], message, kind, self._fields.get(name)))
