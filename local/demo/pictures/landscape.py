"""A lake among hills at dawn, and the same country by night under a nebula."""

from __future__ import annotations

import numpy as np
from PIL import Image

from local.demo.pictures.noise import Colour, Field, Picture, finish, fractal, grid, mix, ramp, smooth

HORIZON = 0.62
DAWN = [
    (0.0, (28, 52, 98)),
    (0.25, (86, 106, 152)),
    (0.45, (196, 150, 160)),
    (0.58, (250, 190, 138)),
    (HORIZON, (255, 226, 178)),
]
MIST: Colour = (226, 206, 214)
HILLS: list[tuple[float, float, int, Colour]] = [  # where, how high, how rough, which colour
    (0.50, 0.16, 4, (176, 150, 172)),
    (0.545, 0.13, 5, (134, 116, 152)),
    (0.585, 0.10, 6, (88, 86, 126)),
    (0.615, 0.07, 8, (50, 58, 92)),
]


def dawn(shape: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Hills behind hills in haze, the sun just up, all of it again in the water."""
    x, y = grid(shape)
    sun = (0.98, 0.545)
    distance = np.hypot(x - sun[0], y - sun[1])
    sky = ramp(y, DAWN)
    clouds = fractal(shape, 3, 8, rng) * 0.6 + smooth(shape, (26, 2), rng) * 0.5
    lit = np.clip((clouds - 0.1) * 1.4, 0, 1) * np.clip(1.1 - y / HORIZON, 0, 1)
    sky = mix(sky, ramp(distance, [(0.0, (255, 236, 200)), (0.5, (244, 176, 150)), (1.3, (120, 120, 168))]), lit * 0.75)
    sky += (np.exp(-((distance / 0.22) ** 2)) * 0.35)[..., None] * np.array([1.0, 0.72, 0.42], np.float32)
    sky = mix(sky, (255, 250, 226), (0.036 - distance) * 400)
    scene = sky
    for base, rise, cells, colour in HILLS:
        scene = _hill(scene, y, _ridge(shape[1], base, rise, cells, rng), colour, MIST)
    return finish(_reflect(scene, y, rng), rng)


def night(shape: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Stars by the thousand in a coloured cloud of gas, over a black ridge."""
    x, y = grid(shape)
    cloud = fractal(shape, 5, 9, rng, 0.6)
    dust = fractal(shape, 7, 9, rng, 0.6)
    band = np.exp(-(((y - 0.9 + x * 0.55 + cloud * 0.12) / 0.27) ** 2))
    glow = np.clip(band * (0.62 + 0.75 * cloud), 0, 1)
    sky = ramp(y, [(0, (6, 9, 24)), (1, (20, 26, 52))])
    gas = ramp(
        cloud + dust * 0.3, [(-0.7, (36, 44, 128)), (0, (122, 62, 150)), (0.5, (224, 120, 140)), (1, (255, 214, 176))]
    )
    sky = mix(sky, gas, glow * 0.8)
    sky = mix(sky, (10, 8, 20), np.clip(dust * 1.7 - 0.3, 0, 0.8) * band)
    sky += _stars(shape, rng, 1.0 + band * 2)[..., None] * np.array([0.96, 0.97, 1.0], np.float32)
    ridge = _ridge(shape[1], 0.93, 0.15, 5, rng)
    trees = np.abs(smooth((1, shape[1]), (1, shape[1] // 14), rng)[0]) * 0.022
    return finish(_hill(sky, y, ridge - trees, (5, 6, 12), (16, 18, 34)), rng, 0.01)


def _ridge(width: int, base: float, rise: float, cells: int, rng: np.random.Generator) -> Field:
    """The height of a line of hills at every x."""
    line = np.zeros(width, np.float32)
    for octave in range(9):
        across = cells * 2**octave
        line += smooth((1, width), (1, across), rng)[0] * 0.47**octave
    return (base - rise * (line * 0.5 + 0.25)).astype(np.float32)


def _hill(scene: Picture, y: Field, ridge: Field, colour: Colour, mist: Colour) -> Picture:
    """A hill before the scene, paler towards its foot where the mist lies."""
    under = y - ridge[None, :]
    foot = tuple(round(own + (pale - own) * 0.42) for own, pale in zip(colour, mist, strict=True))
    body = ramp(under / 0.12, [(0, colour), (1, (foot[0], foot[1], foot[2]))])
    return mix(scene, body, under * y.shape[0] / 2)


def _reflect(scene: Picture, y: Field, rng: np.random.Generator) -> Picture:
    """Everything below the horizon becomes a lake: the scene upside down, rippled more the nearer it is."""
    height, width = y.shape
    shore = int(height * HORIZON)
    depth = np.arange(height - shore, dtype=np.float32) / (height - shore)
    ripple = smooth((height - shore, width), (150, 9), rng) * (2 + depth[:, None] * height * 0.012)
    rows = np.clip(shore - 1 - np.arange(height - shore)[:, None] * 0.98 + ripple, 0, shore - 1).astype(np.intp)
    water = scene[rows, np.arange(width)[None, :]]
    tint = ramp(depth[:, None].repeat(width, 1), [(0, (236, 200, 170)), (0.3, (120, 128, 168)), (1, (24, 38, 74))])
    scene = scene.copy()
    scene[shore:] = mix(water * 0.86, tint, np.full((height - shore, width), 0.34, np.float32) + depth[:, None] * 0.3)
    return scene


def _stars(shape: tuple[int, int], rng: np.random.Generator, density: Field) -> Field:
    """Points of light; a few are bright enough to have a glow."""
    height, width = shape
    light = np.zeros(shape, np.float32)
    count = height * width // 1400
    across, down = rng.integers(0, width, count), rng.integers(0, height, count)
    kept = rng.uniform(0, 3, count) < density[down, across]
    light[down[kept], across[kept]] = rng.power(0.35, kept.sum()).astype(np.float32)
    for _ in range(160):
        radius = int(rng.uniform(3, 3 + height / 260))
        top, left = rng.integers(0, height - 8 * radius), rng.integers(0, width - 8 * radius)
        r = np.hypot(*np.mgrid[-4 * radius : 4 * radius, -4 * radius : 4 * radius]) / radius
        patch = light[top : top + 8 * radius, left : left + 8 * radius]
        np.maximum(patch, np.exp(-(r**1.2) * 2.2).astype(np.float32) * rng.uniform(0.5, 1), out=patch)
    return light
