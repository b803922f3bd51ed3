"""One file of the corpus: how it is written, what it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Specimen:
    """A file, the picture in it, and by how many levels a pixel may differ on the way."""

    name: str  # with the suffix of its format
    write: Callable[[Path], object]
    shows: Array  # rows, columns, 1 or 3 components, 8 bits
    worst: int = 0  # the largest difference of a sample
    mean: float = 0.0  # the largest mean difference; 0: not looked at

    def at(self, folder: Path) -> Path:
        """The file, written."""
        path = folder / self.name
        self.write(path)
        return path

    def check(self, pixels: Array) -> None:
        """Raises AssertionError when the pixels are not those of the picture."""
        assert pixels.shape == self.shows.shape
        difference = np.abs(pixels.astype(int) - self.shows.astype(int))
        if self.mean:
            assert difference.mean() <= self.mean, f"{difference.mean()=}"
        else:
            assert difference.max() <= self.worst, f"{difference.max()=}"
