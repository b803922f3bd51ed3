"""A moon in sixteen bits of grey, as an observatory keeps its plates; and a wall of tiles in twelve-fold stars."""

from __future__ import annotations

import numpy as np
from PIL import Image

from local.demo.pictures.noise import Colour, Field, finish, fractal, grid, mix, ramp

GLAZES: list[tuple[float, Colour]] = [
    (0.0, (18, 52, 98)),
    (0.22, (28, 96, 140)),
    (0.4, (32, 132, 128)),
    (0.55, (234, 224, 196)),
    (0.72, (206, 140, 54)),
    (0.88, (150, 54, 44)),
    (1.0, (18, 40, 72)),
]


def moon(shape: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """The moon past its first quarter: seas, a thousand craters, the sun low from the left."""
    x, y = grid(shape)
    ratio = shape[1] / shape[0]
    across, down = (x - ratio / 2) / 0.44, (y - 0.5) / 0.44
    out = across**2 + down**2
    depth = np.sqrt(np.clip(1 - out, 0, 1)).astype(np.float32)
    relief = fractal(shape, 9, 10, rng, 0.55) * 0.010
    for _ in range(1100):
        _crater(relief, shape, rng)
    seas = np.clip(fractal(shape, 3, 7, rng, 0.55) * 1.6 - 0.1, 0, 1)
    slope_down, slope_across = np.gradient(relief * shape[0])
    ground = 0.62 - seas * 0.24 + fractal(shape, 20, 7, rng, 0.65) * 0.08
    light = across * -0.82 + down * -0.12 + depth * 0.55
    lit = np.clip(light + (slope_across * 0.82 + slope_down * 0.12) * 0.55 * (1.2 - seas * 0.7), 0, 1.6)
    body = np.clip(ground * lit**0.8, 0, 1)
    edge = np.clip((1 - np.sqrt(out)) * shape[0] * 0.44, 0, 1)
    sky = 0.012 + np.exp(-np.clip(np.sqrt(out) - 1, 0, None) * 14) * 0.03
    plate = body * edge + sky * (1 - edge) + rng.normal(0, 0.004, shape)
    return Image.fromarray((np.clip(plate, 0, 1) * 65535).astype(np.uint16))


def tiles(shape: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Zellige: waves from twelve directions make stars; each piece is glazed a little otherwise, grout between."""
    x, y = grid(shape)
    waves = np.zeros(shape, np.float32)
    for turn in range(6):
        angle = np.pi * turn / 6
        waves += np.cos((x * np.cos(angle) + y * np.sin(angle)) * 44).astype(np.float32)
    bands = np.clip((waves + 3.2) / 9.2, 0, 1)
    level = np.floor(bands * 9) / 9
    down, across = np.gradient(bands)
    slope = np.hypot(down, across) + 1e-7
    off = np.abs(bands * 9 - np.round(bands * 9)) / 9 / slope
    fired = fractal(shape, 60, 5, rng) * 0.06 + fractal(shape, 6, 4, rng) * 0.05
    picture = ramp(level + fired * 0.5, GLAZES) * (1 + fired[..., None])
    reach = shape[0] / 900
    bevel = np.clip((across - down) * shape[0] * 0.02, -0.2, 0.2) * np.clip(1 - off / (reach * 4), 0, 1)
    picture = picture + bevel[..., None]
    picture = mix(picture, (226, 214, 190), (reach * 1.3 - off) / reach)
    sheen = np.exp(-(((x + y * 0.6 - 1.05) / 0.5) ** 2)) * 0.14
    return finish(np.clip(picture + sheen[..., None], 0, 1).astype(np.float32), rng, 0.012)


def _crater(relief: Field, shape: tuple[int, int], rng: np.random.Generator) -> None:
    """One impact: a bowl with a raised rim, added to the relief in place; small ones are by far the most."""
    radius = int(shape[0] * min(0.06, 0.0028 * float(rng.pareto(1.7) + 1)))
    reach = int(radius * 1.7) + 2
    left, top = rng.integers(0, shape[1] - 2 * reach), rng.integers(0, shape[0] - 2 * reach)
    down, across = np.mgrid[-reach:reach, -reach:reach].astype(np.float32) / radius
    far = np.hypot(down, across)
    bowl = np.where(far < 1, (far**2 - 1) * 0.5, 0) + np.exp(-(((far - 1) / 0.22) ** 2)) * 0.35
    relief[top : top + 2 * reach, left : left + 2 * reach] += (bowl * radius / shape[0] * 0.42).astype(np.float32)
