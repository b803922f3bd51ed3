"""One conversion as values: what is to be made, what was made, and both as JSON for the pipe to a worker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from images.iiif_size import IiifSize, parse_size
from images.recipe import Recipe, parse_recipe
from images.size import Size


class Operation(StrEnum):
    """What is to be made of a source."""

    INGEST = "ingest"
    IMAGE_ONLY = "image-only"
    DERIVATIVES_ONLY = "derivatives-only"

    @property
    def makes_image(self) -> bool:
        return self is not Operation.DERIVATIVES_ONLY

    @property
    def makes_thumbs(self) -> bool:
        return self is not Operation.IMAGE_ONLY


@dataclass(frozen=True, slots=True)
class Order:
    """What one job is to make; its paths have been checked."""

    token: str  # of this try alone: part of the names of unfinished files
    source: Path
    operation: Operation
    destination: Path | None
    thumb_folder: Path | None
    recipe: Recipe
    sizes: tuple[IiifSize, ...] = ()

    @property
    def part_suffix(self) -> str:
        """What names of unfinished files end in."""
        return f".{self.token}.part"

    def to_line(self) -> bytes:
        """The order as a line of JSON."""
        fields = {
            "token": self.token,
            "source": str(self.source),
            "operation": self.operation,
            "destination": str(self.destination) if self.destination else None,
            "thumb_folder": str(self.thumb_folder) if self.thumb_folder else None,
            "recipe": self.recipe.to_json(),
            "sizes": [size.text for size in self.sizes],
        }
        return json.dumps(fields).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Order:
        """The order that `to_line` wrote."""
        fields = json.loads(line)
        return cls(
            token=fields["token"],
            source=Path(fields["source"]),
            operation=Operation(fields["operation"]),
            destination=Path(fields["destination"]) if fields["destination"] else None,
            thumb_folder=Path(fields["thumb_folder"]) if fields["thumb_folder"] else None,
            recipe=parse_recipe(fields["recipe"]),
            sizes=tuple(parse_size(text) for text in fields["sizes"]),
        )


@dataclass(frozen=True, slots=True)
class Thumb:
    """A thumbnail that was made."""

    path: Path
    size: Size


@dataclass(frozen=True, slots=True)
class Made:
    """What a job made: the picture's real size, the JPEG 2000 if one was asked, the thumbnails."""

    size: Size
    jp2: Path | None = None
    thumbs: tuple[Thumb, ...] = ()
    handed_through: bool = False  # the source was tile-ready and stored as it came

    def to_json(self) -> dict[str, Any]:
        """The result as a worker sends it."""
        return {
            "width": self.size.width,
            "height": self.size.height,
            "jp2": str(self.jp2) if self.jp2 else "",
            "thumbs": [
                {"path": str(thumb.path), "width": thumb.size.width, "height": thumb.size.height}
                for thumb in self.thumbs
            ],
            "handed_through": self.handed_through,
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Made:
        """The result that `to_json` wrote."""
        return cls(
            Size(fields["width"], fields["height"]),
            Path(fields["jp2"]) if fields["jp2"] else None,
            tuple(Thumb(Path(thumb["path"]), Size(thumb["width"], thumb["height"])) for thumb in fields["thumbs"]),
            fields["handed_through"],
        )
