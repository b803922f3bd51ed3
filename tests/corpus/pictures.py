"""The pictures that the corpus shows: made of arithmetic, the same every time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT = 83, 61
"""Odd on purpose: no strip, tile or block ends where the picture does."""


def colour(width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """Smooth colours that differ in every corner, so that no turn or flip goes unseen."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    waves = 0.5 + 0.5 * np.sin(6 * x + 3 * y)
    planes = (x, y, 1 - 0.5 * x - 0.5 * y * waves)
    return np.stack([(25 + 205 * plane).astype(np.uint8) for plane in planes], axis=-1)


def grey(width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """A grey ramp with a corner; one component."""
    return colour(width, height)[..., :1].copy()


def strokes(width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """Black and white only, as of a scanned page; one component."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.where((x * 7 + y * 3) % 23 < 9, 0, 255).astype(np.uint8)[..., np.newaxis]


def photograph(width: int, height: int, seed: int = 1) -> NDArray[np.uint8]:
    """What behaves like a photograph in an encoder: detail at every scale, a little noise."""
    chance = np.random.default_rng(seed)
    picture: NDArray[Any] = np.zeros((height, width, 3), np.float32)
    for exponent in range(2, 9):
        across, down = max(2, width >> (9 - exponent)), max(2, height >> (9 - exponent))
        coarse = chance.normal(0, 1, (down, across, 3)).astype(np.float32)
        coarse += 1.5 * coarse.mean(axis=2, keepdims=True)
        planes = [
            np.asarray(Image.fromarray(coarse[..., index]).resize((width, height), Image.Resampling.BICUBIC))
            for index in range(3)
        ]
        picture += np.stack(planes, axis=-1) * 28 * 0.62 ** (exponent - 2)
    picture += chance.normal(0, 1.2, picture.shape)
    levels: NDArray[np.uint8] = np.clip(picture + 120, 0, 255).astype(np.uint8)
    return levels
