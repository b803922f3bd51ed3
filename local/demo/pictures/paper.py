"""Things on paper: a written page, marbled endpapers, and a map of land that is nowhere."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from local.demo.pictures.noise import Colour, Field, Picture, finish, fractal, grid, mix, ramp, smooth

INK: Colour = (54, 36, 26)
RED: Colour = (158, 40, 30)
BLUE: Colour = (34, 62, 128)
GOLD: Colour = (212, 168, 74)
LAND = [
    (-1.2, (30, 74, 112)),
    (-0.35, (72, 132, 160)),
    (-0.02, (162, 204, 206)),
    (0.0, (214, 214, 160)),
    (0.12, (150, 182, 116)),
    (0.42, (206, 188, 126)),
    (0.75, (164, 118, 82)),
    (1.1, (240, 236, 230)),
]
DYES: list[tuple[float, Colour]] = [
    (0.0, (22, 40, 82)),
    (0.18, (38, 92, 132)),
    (0.34, (226, 214, 188)),
    (0.46, (190, 58, 48)),
    (0.60, (238, 178, 88)),
    (0.74, (240, 228, 204)),
    (0.88, (34, 84, 84)),
    (1.0, (22, 40, 82)),
]


def folio(shape: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """A page in two columns: ruled, written, with painted initials and a border of vines."""
    height, width = shape
    page = _parchment(shape, rng)
    ink = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(ink)
    unit = height / 100
    for column, left in enumerate((16 * unit, 43 * unit)):
        _column(
            draw, (left, 14 * unit, left + 22 * unit, 86 * unit), unit, rng, initials=(0, 11) if column == 0 else (5,)
        )
    _vine(draw, 9 * unit, (10 * unit, 90 * unit), unit, rng)
    soft = ink.filter(ImageFilter.GaussianBlur(unit / 42))
    layer = np.asarray(soft, np.float32) / 255
    worn = np.clip(0.92 + fractal(shape, 9, 6, rng) * 0.22, 0.5, 1)
    return finish(mix(page, layer[..., :3], layer[..., 3] * worn), rng, 0.014)


def marbled(shape: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Marbled paper: drops of dye, combed."""
    x, y = grid(shape)
    for strength, cells in ((0.16, 3), (0.07, 7)):
        x, y = x + fractal(shape, cells, 3, rng) * strength, y + fractal(shape, cells, 3, rng) * strength
    comb = np.abs(((x * 16) % 2) - 1) ** 1.6 * 0.085
    rings = (y + comb) * 5.2 + 0.35 * np.sin(x * 8 + 3 * np.sin(y * 5))
    veins = np.abs(fractal(shape, 24, 5, rng)) < 0.018
    picture = ramp(rings % 1, DYES)
    picture = mix(picture, (24, 26, 40), (np.abs((rings * 3) % 1 - 0.5) < 0.03).astype(np.float32) * 0.55)
    return finish(mix(picture, (250, 244, 228), veins.astype(np.float32) * 0.5), rng, 0.016)


def survey(shape: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """A relief map: sea and land by height, shaded from the north-west, with contours and a graticule."""
    x, y = grid(shape)
    ratio = shape[1] / shape[0]
    island = 0.85 - np.hypot((x - ratio / 2) / ratio * 1.9, (y - 0.5) * 1.8)
    warp = fractal(shape, 4, 6, rng)
    height = (fractal(shape, 5, 10, rng, 0.52) * 0.75 + island * 0.9 + warp * 0.25).astype(np.float32)
    land = height > 0
    down, across = np.gradient(height * shape[0] / 26)
    shade = np.clip(1 - (across + down) * np.where(land, 0.55, 0.1), 0.5, 1.3)
    picture = np.clip(ramp(height, LAND) * shade[..., None], 0, 1)
    for step, ink, amount in ((0.05, (96, 66, 44), 0.34), (0.25, (80, 52, 34), 0.62)):
        lines = _lines(height, step) * land
        picture = mix(picture, ink, lines * amount)
    coast = _lines(height, 10.0)
    picture = mix(picture, (28, 52, 78), coast * 0.9)
    net = np.maximum(_lines(x + 0.001, 0.25), _lines(y + 0.001, 0.25))
    return finish(_mount(mix(picture, (30, 50, 70), net * 0.3), rng), rng, 0.01)


def _lines(field: Field, step: float) -> Field:
    """Where the field passes a multiple of the step: lines about two pixels wide, softened."""
    down, across = np.gradient(field)
    slope = np.hypot(down, across) + 1e-7
    off = np.abs(field - np.round(field / step) * step) / slope
    softened: Field = np.clip(1.6 - off, 0, 1).astype(np.float32)
    return softened


def _mount(picture: Picture, rng: np.random.Generator) -> Picture:
    """The map on its sheet, with a ruled frame around it."""
    height, width, _ = picture.shape
    sheet = _parchment((height, width), rng)
    margin, rule = height // 18, max(2, height // 700)
    sheet[margin : height - margin, margin : width - margin] = np.array([0.2, 0.16, 0.12], np.float32)
    inner = margin + rule * 3
    sheet[margin + rule : height - margin - rule, margin + rule : width - margin - rule] = 0.93
    sheet[inner : height - inner, inner : width - inner] = picture[inner : height - inner, inner : width - inner]
    return sheet


def _parchment(shape: tuple[int, int], rng: np.random.Generator) -> Picture:
    """A sheet: mottled, fibrous, darker where hands and light have been."""
    x, y = grid(shape)
    ratio = shape[1] / shape[0]
    edge = np.minimum(np.minimum(x, ratio - x), np.minimum(y, 1 - y))
    stain = fractal(shape, 4, 9, rng) * 0.10 + smooth(shape, (shape[0] // 9, 40), rng) * 0.022
    tone = 0.84 + stain - np.exp(-edge * 22) * 0.26
    return ramp(tone, [(0.35, (120, 84, 48)), (0.7, (214, 186, 138)), (0.95, (242, 228, 194))])


def _column(
    draw: ImageDraw.ImageDraw,
    box: tuple[float, float, float, float],
    unit: float,
    rng: np.random.Generator,
    *,
    initials: tuple[int, ...],
) -> None:
    """One column of ruled lines with writing on them."""
    left, top, right, bottom = box
    pitch = 3 * unit
    for number in range(int((bottom - top) / pitch)):
        base = top + (number + 1) * pitch
        draw.line((left - unit, base, right + unit, base), fill=(150, 110, 80, 90), width=max(1, int(unit / 22)))
        start = left
        for initial in initials:
            if initial <= number < initial + 3:
                start = left + 9.6 * unit
            if number == initial:
                _initial(draw, (left, base - 2.5 * unit, left + 8.6 * unit, base + 2.1 * pitch), unit, rng)
        colour = RED if number % 9 == 8 else INK
        _words(draw, (start, base, right), unit, colour, rng)


def _words(
    draw: ImageDraw.ImageDraw, line: tuple[float, float, float], unit: float, colour: Colour, rng: np.random.Generator
) -> None:
    """Words of a hand that writes in upright strokes, as scribes did."""
    x, base, right = line
    nib = max(1, int(unit / 3.4))
    while x < right - 2 * unit:
        for _ in range(int(rng.integers(2, 9))):
            tall = rng.choice([1.0, 1.0, 1.0, 1.75, -0.7])
            top = base - 1.25 * unit * max(tall, 1.0)
            foot = base + (0.6 * unit if tall < 0 else 0)
            lean = rng.normal(0.05, 0.05) * unit
            draw.line((x + lean, top, x, foot), fill=(*colour, 235), width=nib)
            draw.line(
                (x - 0.22 * unit, foot, x + 0.3 * unit, foot - 0.3 * unit), fill=(*colour, 220), width=nib // 2 or 1
            )
            if rng.uniform() < 0.7:
                draw.line(
                    (x + lean, top + 0.12 * unit, x + 0.72 * unit, top + rng.uniform(-0.1, 0.3) * unit),
                    fill=(*colour, 225),
                    width=max(1, nib * 2 // 3),
                )
            x += rng.uniform(0.68, 0.86) * unit
            if x > right:
                return
        x += 0.8 * unit


def _initial(
    draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], unit: float, rng: np.random.Generator
) -> None:
    """A painted initial: a gilded frame, a field, and a letter of circles and leaves."""
    left, top, right, bottom = box
    draw.rectangle(box, fill=(*GOLD, 255), outline=(*INK, 255), width=max(1, int(unit / 8)))
    inner = (left + 0.6 * unit, top + 0.6 * unit, right - 0.6 * unit, bottom - 0.6 * unit)
    draw.rectangle(inner, fill=(*BLUE, 255))
    middle = ((left + right) / 2, (top + bottom) / 2)
    for turn in range(40):
        angle, reach = turn * 2.4, unit * 0.62 * math.sqrt(turn)
        at = (middle[0] + reach * math.cos(angle), middle[1] + reach * math.sin(angle))
        if inner[0] + unit / 2 < at[0] < inner[2] - unit / 2 and inner[1] + unit / 2 < at[1] < inner[3] - unit / 2:
            _dot(draw, at, unit * rng.uniform(0.16, 0.3), (220, 226, 244))
    draw.arc((left + unit, top + unit, right - unit, bottom - unit), 60, 330, fill=(*RED, 255), width=int(unit * 1.2))
    draw.line(
        (left + 1.6 * unit, top + unit, left + 1.6 * unit, bottom - unit), fill=(*RED, 255), width=int(unit * 1.2)
    )


def _vine(
    draw: ImageDraw.ImageDraw, x: float, reach: tuple[float, float], unit: float, rng: np.random.Generator
) -> None:
    """A vine along the margin, with leaves and gilded berries."""
    top, bottom = reach
    steps = 400
    stem = [
        (x + 1.8 * unit * math.sin(each / steps * 26), top + (bottom - top) * each / steps) for each in range(steps + 1)
    ]
    draw.line(stem, fill=(60, 96, 62, 255), width=max(2, int(unit / 3)), joint="curve")
    for each in range(6, steps - 6, 7):
        side = 1 if (each // 7) % 2 else -1
        at = stem[each]
        tip = (at[0] + side * unit * rng.uniform(1.4, 2.2), at[1] - unit * rng.uniform(0.2, 0.9))
        draw.line((at, tip), fill=(60, 96, 62, 255), width=max(1, int(unit / 6)))
        colour = (RED, BLUE, (64, 108, 66), GOLD)[each // 7 % 4]
        _dot(draw, tip, unit * rng.uniform(0.4, 0.62), colour)
        _dot(draw, (tip[0] + unit * 0.12, tip[1] - unit * 0.12), unit * 0.15, (250, 240, 214))


def _dot(draw: ImageDraw.ImageDraw, at: tuple[float, float], radius: float, colour: Colour) -> None:
    draw.ellipse((at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius), fill=(*colour, 255))
