"""Paints the demo's files into a folder, as processes of their own; those that are there already are left alone.

python -m local.demo.paint FOLDER ASSET...
"""

from __future__ import annotations

import sys
import zlib
from pathlib import Path

import numpy as np

from local.child import Child, start
from local.demo.collection import WORKS, Work

PAINTERS = 2


def missing(folder: Path) -> list[Work]:
    """The works whose files are still to be made."""
    return [work for work in WORKS if work.picture and not (folder / work.file).exists()]


def start_painting(folder: Path, logs: Path, share: float) -> list[Child]:
    """Begin to paint what is missing, beside everything else; a share of the sides below 1 makes them smaller."""
    folder.mkdir(parents=True, exist_ok=True)
    assets = [work.asset for work in missing(folder)]
    lots = [assets[number::PAINTERS] for number in range(PAINTERS)]
    program: list[str | Path] = [sys.executable, "-m", "local.demo.paint", folder, str(share)]
    return [
        start(f"painter {number}", [*program, *lot], log=logs / "painters.log")
        for number, lot in enumerate(lots)
        if lot
    ]


def paint(folder: Path, asset: str, share: float) -> None:
    """One file, always the same for the same asset; it appears under its name when it is whole."""
    work = next(each for each in WORKS if each.asset == asset)
    assert work.picture
    unfinished = folder / f".unfinished-{work.file}"
    work.picture.make(unfinished, np.random.default_rng(zlib.crc32(asset.encode())), share)
    unfinished.replace(folder / work.file)


if __name__ == "__main__":
    for name in sys.argv[3:]:
        paint(Path(sys.argv[1]), name, float(sys.argv[2]))
