"""Smooth randomness and colour ramps, of which all the pictures are made. Arrays of floats, height by width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.floating[Any]]
Picture = NDArray[np.floating[Any]]  # height x width x 3, 0 to 1
Colour = tuple[int, int, int]


def smooth(shape: tuple[int, int], cells: tuple[int, int], rng: np.random.Generator) -> Field:
    """Random values on a coarse grid of `cells`, blended smoothly over the shape; about -1 to 1."""
    coarse = rng.uniform(-1, 1, (cells[0] + 3, cells[1] + 3)).astype(np.float32)
    height, width = shape
    spread = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(spread, dtype=np.float32)


def fractal(shape: tuple[int, int], cells: int, octaves: int, rng: np.random.Generator, gain: float = 0.5) -> Field:
    """Octaves of smooth noise, each twice as fine and `gain` as strong; about -1 to 1."""
    height, width = shape
    total = np.zeros(shape, np.float32)
    strength, reach = 1.0, 0.0
    for octave in range(octaves):
        across = cells * 2**octave
        down = max(1, round(across * height / width))
        if across > width or down > height:
            break
        total += strength * smooth(shape, (down, across), rng)
        reach += strength
        strength *= gain
    return total / np.float32(reach * 0.6)


def ramp(field: Field, stops: Sequence[tuple[float, Colour]]) -> Picture:
    """Colours for values: straight lines between the stops."""
    places = [place for place, _ in stops]
    channels = [np.interp(field, places, [colour[each] / 255 for _, colour in stops]) for each in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)


def mix(below: Picture, above: Picture | Colour, amount: Field) -> Picture:
    """One picture over another, as opaque as `amount` says in each place."""
    top = np.asarray(above, np.float32) / 255 if isinstance(above, tuple) else above
    weight = np.clip(amount, 0, 1)[..., None]
    return below * (1 - weight) + top * weight


def grid(shape: tuple[int, int]) -> tuple[Field, Field]:
    """The x and y of every pixel, in units of the picture's height, from its top left corner."""
    height, width = shape
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    return across / height, down / height


def finish(picture: Picture, rng: np.random.Generator, grain: float = 0.012) -> Image.Image:
    """The picture with a photograph's grain, in eight bits."""
    noise = rng.normal(0, grain, picture.shape[:2]).astype(np.float32)[..., None]
    return Image.fromarray((np.clip(picture + noise, 0, 1) * 255 + 0.5).astype(np.uint8))
