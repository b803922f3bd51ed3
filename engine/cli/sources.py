"""What was named on the command line, as originals with asset ids: addresses, files, and folders of files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from engine.cli.stop import Misused
from policies.request import AssetId, parse_asset_id
from policies.strategy_kind import StrategyKind

SCHEMES = {scheme for kind in StrategyKind for scheme in kind.schemes}
WITH_PIXELS = "tif tiff jpg jpeg png jp2 jpx j2k jph webp gif bmp heic avif"
IMAGES = {f".{suffix}" for suffix in WITH_PIXELS.split()}
"""Suffixes of the files that are taken from a folder."""
LONGEST = 180
"""Characters of a name that we make; an asset id has 220 for all of it."""


@dataclass(frozen=True, slots=True)
class Original:
    """One thing to ingest: an address, or a file that is to be uploaded first."""

    asset: AssetId
    origin: str = ""
    path: Path | None = None

    @property
    def shown(self) -> str:
        return str(self.path or self.origin)


def originals(words: Iterable[str], customer: int, space: int) -> list[Original]:
    """Everything that the words name, each with an asset id of its own, always the same for the same words."""
    named: dict[str, int] = {}
    found: list[Original] = []
    for word, path in _each(words):
        base = asset_name(path.name if path else _last_segment(word))
        named[base] = named.get(base, 0) + 1
        name = base if named[base] == 1 else f"{base}-{named[base]}"
        try:
            asset = parse_asset_id(f"{customer}/{space}/{name}")
        except ValueError as error:
            raise Misused(str(error)) from error
        found.append(Original(asset, "" if path else word, path))
    if not found:
        raise Misused("nothing to ingest there", f"Folders are searched for {', '.join(sorted(IMAGES))}.")
    return found


def asset_name(text: str) -> str:
    """A plain name for an asset: without its suffix, and of characters that no address has to escape."""
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", unquote(text))
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-.")[:LONGEST] or "asset"


def _last_segment(address: str) -> str:
    parts = [part for part in urlsplit(address).path.split("/") if part]
    return parts[-1] if parts else urlsplit(address).netloc


def _each(words: Iterable[str]) -> Iterator[tuple[str, Path | None]]:
    for word in words:
        if "://" in word:
            if urlsplit(word).scheme.lower() not in SCHEMES:
                raise Misused(f"{word} cannot be fetched", f"Addresses are {', '.join(sorted(SCHEMES))}.")
            yield word, None
            continue
        path = Path(word)
        if path.is_dir():
            inside = (file for file in sorted(path.rglob("*")) if file.is_file() and file.suffix.lower() in IMAGES)
            yield from ((str(file), file) for file in inside)
        elif path.is_file():
            yield word, path
        else:
            raise Misused(f"{word} is neither an address nor a file or folder that is there")
