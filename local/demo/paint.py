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
    return [work for work in WORKS if work.make and not (folder / work.file).exists()]


def start_painting(folder: Path, logs: Path) -> list[Child]:
    """Begin to paint what is missing, beside everything else."""
    folder.mkdir(parents=True, exist_ok=True)
    assets = [work.asset for work in missing(folder)]
    shares = [assets[number::PAINTERS] for number in range(PAINTERS)]
    return [
        start(
            f"painter {number}", [sys.executable, "-m", "local.demo.paint", folder, *share], log=logs / "painters.log"
        )
        for number, share in enumerate(shares, 1)
        if share
    ]


def paint(folder: Path, asset: str) -> None:
    """One file, always the same for the same asset; it appears under its name when it is whole."""
    work = next(each for each in WORKS if each.asset == asset)
    assert work.make
    unfinished = folder / f".unfinished-{work.file}"
    work.make(unfinished, np.random.default_rng(zlib.crc32(asset.encode())))
    unfinished.replace(folder / work.file)


if __name__ == "__main__":
    for name in sys.argv[2:]:
        paint(Path(sys.argv[1]), name)
