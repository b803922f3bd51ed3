"""What encoders make: valid files that decode to the source within the recipe's promise, with what was asked."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
import pytest
from jpylyzer import jpylyzer
from numpy.typing import NDArray
from PIL import Image

from images.recipe import NAMED, Recipe, parse_recipe
from images.size import Size
from processor.decode import decode
from processor.encoders.command import program, run
from processor.encoders.grok import grok_options
from processor.encoders.kakadu import kakadu_options
from processor.encoders.openjpeg import rates
from processor.encoders.port import levels_for, tile_side
from processor.encoders.registry import encoder_for
from processor.errors import Refusal
from processor.settings import Limits
from processor.sources.port import Wish
from processor.sources.registry import open_picture
from tests.corpus.pictures import photograph
from tests.unit.processor.make import make_jp2, make_picture, psnr

RGB = photograph(420, 300)
HT_LOSSLESS = parse_recipe({"codec": "htj2k", "reversible": True})
HT_SMALL_TILES = parse_recipe({"codec": "htj2k", "reversible": True, "tiles": 128})
HT_ODD_TILES = parse_recipe({"codec": "htj2k", "reversible": True, "tiles": 200, "levels": 4})
LOSSLESS_TILED = parse_recipe({"reversible": True, "tiles": 128})
PICTURES: dict[str, NDArray[Any]] = {
    "colour": RGB,
    "grey": RGB[..., :1].copy(),
    "deep colour": RGB.astype(np.uint16) * 251 + 5,
    "deep grey": RGB[..., :1].astype(np.uint16) * 251 + 5,
    "one pixel": RGB[:1, :1].copy(),
    "one row": RGB[:1].copy(),
    "one column": RGB[:, :1].copy(),
}


def facts(path: Path) -> Any:
    """What an independent validator says of a file."""
    return jpylyzer.checkOneFile(str(path), "jph" if path.suffix == ".jph" else "jp2")


def valid(path: Path) -> bool:
    return bool(facts(path).findtext("isValid") == "True")


def pixels_of(path: Path) -> Any:
    with open_picture(path, Wish(Limits(), deep=True)) as picture:
        return np.concatenate(list(picture.strips(64)))


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize(
    "recipe",
    [NAMED["lossless"], LOSSLESS_TILED, HT_LOSSLESS, HT_SMALL_TILES, HT_ODD_TILES],
    ids=["lossless", "tiled", "ht", "ht-128", "ht-200"],
)
def test_what_is_reversible_comes_back_bit_by_bit(name: str, recipe: Recipe, tmp_path: Path) -> None:
    pixels = PICTURES[name]
    path = make_jp2(tmp_path / ("a.jph" if recipe.codec == "htj2k" else "a.jp2"), make_picture(pixels), recipe)
    assert valid(path)
    assert (pixels_of(path) == pixels).all()


@pytest.mark.parametrize("name", [name for name in NAMED if name != "lossless"])
def test_what_is_not_comes_back_close_and_valid(name: str, tmp_path: Path) -> None:
    path = make_jp2(tmp_path / ("a.jph" if name == "fastest" else "a.jp2"), recipe=NAMED[name])
    assert valid(path)
    assert psnr(decode(path), RGB) >= (42 if name in ("default", "fastest", "kdu_max", "kdu_high") else 33)


@pytest.mark.parametrize("components", [1, 3])
@pytest.mark.parametrize("name", ["kdu_low", "kdu_med", "kdu_med_layers", "kdu_high", "fast-lossy", "default"])
def test_a_ratio_is_met_within_five_percent(name: str, components: int, tmp_path: Path) -> None:
    pixels = photograph(800, 700)[..., :components].copy()
    recipe = NAMED[name]
    path = make_jp2(tmp_path / "a.jp2", make_picture(pixels), recipe)
    asked = recipe.ratio_for(8 * components)
    assert asked
    if not (components == 1 and name in ("default", "kdu_high")):  # all there is takes less than that
        assert pixels.nbytes / path.stat().st_size == pytest.approx(asked, rel=0.05)


def test_a_ratio_is_met_in_tiles_too(tmp_path: Path) -> None:
    pixels = photograph(900, 700)
    path = make_jp2(tmp_path / "a.jp2", make_picture(pixels), replace(NAMED["fast-lossy"], tiles=256))
    assert pixels.nbytes / path.stat().st_size == pytest.approx(12, rel=0.05)


def test_a_codestream_has_what_the_recipe_says(tmp_path: Path) -> None:
    recipe = parse_recipe(
        {"levels": 4, "block": [32, 32], "precincts": [128, 64], "progression": "RPCL", "layers": 3, "rate": 2}
    )
    found = facts(make_jp2(tmp_path / "a.jp2", recipe=recipe))
    style = found.find(".//cod")
    assert style.findtext("levels") == "4"
    assert style.findtext("order") == "RPCL"
    assert style.findtext("layers") == "3"
    assert style.findtext("codeBlockWidth") == "32"
    assert style.findtext("sop") == "yes"
    assert sorted(int(side.text) for side in style.findall("precinctSizeX")) == [64, 64, 64, 64, 128]
    assert found.find(".//tlm") is not None
    assert len(found.findall(".//tilePart")) == 5  # one for each resolution
    assert {part.findtext("pltCount") for part in found.findall(".//tilePart")} == {"1"}


def test_htj2k_has_its_levels_tiles_and_tlm(tmp_path: Path) -> None:
    found = facts(make_jp2(tmp_path / "a.jph", recipe=HT_SMALL_TILES))
    assert found.findtext(".//cod/levels") == "6"
    assert found.findtext(".//siz/xTsiz") == "128"
    assert found.findtext(".//siz/numberOfTiles") == "12"
    assert found.find(".//tlm") is not None


def test_too_large_an_image_falls_over_to_tiles(tmp_path: Path) -> None:
    pixels = photograph(1500, 1100)
    limits = Limits(untiled_pixels=1_000_000)
    for name, recipe in (("a.jp2", NAMED["lossless"]), ("a.jph", replace(HT_LOSSLESS, tiles=None))):
        path = make_jp2(tmp_path / name, make_picture(pixels), recipe, limits)
        assert facts(path).findtext(".//siz/xTsiz") == "1024"
        assert (decode(path) == pixels).all()


@pytest.mark.parametrize("tiles", [None, 128])
@pytest.mark.parametrize("progression", ["LRCP", "RLCP", "RPCL", "PCRL", "CPRL"])
def test_every_progression_is_written_in_precincts_layers_and_tiles(
    progression: str, tiles: int | None, tmp_path: Path
) -> None:
    recipe = parse_recipe({"progression": progression, "layers": 3, "tiles": tiles, "reversible": True})
    pixels = photograph(1300, 900)
    path = make_jp2(tmp_path / "a.jp2", make_picture(pixels), recipe)
    found = facts(path)
    assert found.findtext("isValid") == "True"
    assert found.findtext(".//cod/order") == progression
    assert (pixels_of(path) == pixels).all()


@pytest.mark.parametrize("recipe", [replace(NAMED["lossless"], tiles=65535), replace(HT_LOSSLESS, tiles=65535)])
def test_a_tile_that_holds_the_whole_picture_is_no_tile(recipe: Recipe, tmp_path: Path) -> None:
    path = make_jp2(tmp_path / "a.jph", recipe=recipe)
    assert (facts(path).findtext(".//siz/xTsiz"), facts(path).findtext(".//siz/yTsiz")) == ("420", "300")
    assert (pixels_of(path) == RGB).all()
    assert tile_side(recipe, Size(9000, 5000), Limits()) == 1024
    assert tile_side(replace(recipe, tiles=420), Size(420, 421), Limits()) == 420


@pytest.mark.parametrize(("tile", "levels", "width"), [(333, 7, 668), (129, 7, 176), (400, 6, 401), (150, 7, 458)])
def test_tiles_of_which_nothing_is_left_are_refused_and_what_would_do_does(tile: int, levels: int, width: int) -> None:
    recipe = replace(NAMED["lossless"], tiles=tile, levels=levels)
    for size in (Size(width, 5 * tile), Size(5 * tile, width)):
        with pytest.raises(Refusal, match=f"a multiple of {1 << levels} would do") as caught:
            levels_for(recipe, size, tile)
        assert (caught.value.field, caught.value.given) == ("recipe>tiles", tile)
    multiple = -(-tile // (1 << levels)) * (1 << levels)
    assert levels_for(recipe, Size(width, 5 * multiple), multiple) == levels


@pytest.mark.parametrize("side", range(257, 300))
def test_odd_tiles_are_either_refused_or_reversible(side: int, tmp_path: Path) -> None:
    pixels = photograph(300, 258)[:, :side, :1].copy()
    recipe = replace(NAMED["lossless"], tiles=129, levels=5)
    if side - 258 in range(1, 31):  # 258 is 8 times 32 and 2: the next multiple is 30 pixels on
        with pytest.raises(Refusal, match="a multiple of 32 would do"):
            make_jp2(tmp_path / "a.jp2", make_picture(pixels), recipe)
    else:
        path = make_jp2(tmp_path / "a.jp2", make_picture(pixels), recipe)
        assert (pixels_of(path) == pixels).all()


def test_a_small_picture_in_many_layers_keeps_its_pixels(tmp_path: Path) -> None:
    recipe = parse_recipe({"layers": 20, "rate": 4})
    path = make_jp2(tmp_path / "a.jp2", make_picture(RGB[:3].copy()), recipe)
    assert psnr(decode(path), RGB[:3]) > 40


GROK = Limits(j2k_encoder="grok", htj2k_encoder="grok")


@pytest.mark.skipif(not (which("grk_compress") and which("grk_decompress")), reason="Grok's programs are not here")
@pytest.mark.parametrize("components", [1, 3])
@pytest.mark.parametrize(
    "recipe",
    [
        *(NAMED[name] for name in ("default", "lossless", "fastest", "kdu_low", "kdu_med_layers", "kdu_max")),
        LOSSLESS_TILED,
        HT_LOSSLESS,
        replace(NAMED["lossless"], layers=3, progression="LRCP"),
        replace(NAMED["kdu_med"], tiles=256, progression="PCRL"),
    ],
    ids=["default", "lossless", "fastest", "low", "layers", "max", "tiled", "ht", "LRCP", "PCRL"],
)
def test_grok_writes_what_it_and_others_can_read(recipe: Recipe, components: int, tmp_path: Path) -> None:
    pixels = photograph(800, 700)[..., :components].copy()
    path = make_jp2(tmp_path / ("a.jph" if recipe.codec == "htj2k" else "a.jp2"), make_picture(pixels), recipe, GROK)
    found = facts(path)
    assert found.findtext("isValid") == "True"
    assert found.find(".//tlm") is not None
    assert {part.findtext("pltCount") for part in found.findall(".//tilePart")} == {"1"}
    ratio = recipe.ratio_for(8 * components)
    if ratio and (components == 3 or ratio > 2):
        assert pixels.nbytes / path.stat().st_size == pytest.approx(ratio, rel=0.05)
    shown = tmp_path / ("a.pgm" if components == 1 else "a.ppm")
    subprocess.run(["grk_decompress", "-i", path, "-o", shown], check=True, capture_output=True)
    with Image.open(shown) as image:
        theirs = np.asarray(image).reshape(pixels.shape)
    for read in (decode(path), theirs):
        assert psnr(read, pixels) >= (999 if recipe.reversible else 38)


def test_a_resolution_is_written(tmp_path: Path) -> None:
    found = facts(make_jp2(tmp_path / "a.jp2", make_picture(dpi=(300.0, 150.0))))
    assert float(found.findtext(".//hRescInPixelsPerInch")) == pytest.approx(300, rel=0.001)
    assert float(found.findtext(".//vRescInPixelsPerInch")) == pytest.approx(150, rel=0.001)


def test_colour_spaces_are_enumerated(tmp_path: Path) -> None:
    for pixels, space in ((RGB, "sRGB"), (RGB[..., :1].copy(), "greyscale")):
        assert facts(make_jp2(tmp_path / "a.jp2", make_picture(pixels))).findtext(".//enumCS") == space


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (replace(HT_LOSSLESS, layers=2), "openjph encoder cannot do layers 2"),
        (replace(HT_LOSSLESS, ratio=10.0), "cannot do ratio 10"),
        (replace(HT_LOSSLESS, rate=1.0), "cannot do rate 1"),
        (replace(HT_LOSSLESS, precincts=(256,)), "cannot do precincts"),
        (replace(HT_LOSSLESS, block=(32, 32)), "cannot do block"),
        (replace(HT_LOSSLESS, progression="LRCP"), "cannot do progression LRCP"),
        (replace(HT_LOSSLESS, levels=0), "cannot do levels 0"),
        (replace(NAMED["default"], layers=101), "openjpeg encoder cannot do layers 101"),
    ],
)
def test_what_an_encoder_cannot_do_is_refused_by_name(recipe: Recipe, words: str, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=words) as caught:
        encoder_for(recipe, Limits()).encode(make_picture(), recipe, tmp_path / "a")
    assert caught.value.field.startswith("recipe>")


def test_an_encoder_that_is_not_installed_says_so(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="kdu_compress is chosen by setting and not installed here"):
        program("kdu_compress", str(tmp_path))


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exit 3", "false friend failed (exit code 3)"),
        ("echo no licence >&2; exit 1", "false friend failed (exit code 1): no licence"),
        ("kill -9 $$", "false friend failed (SIGKILL)"),
        ("true", "false friend failed (exit code 0)"),
        ("printf abcdef > $1", "false friend wrote a broken codestream: its main header breaks off"),
    ],
)
def test_a_program_that_fails_or_writes_nonsense_leaves_a_reason_and_nothing_else(
    script: str, words: str, tmp_path: Path
) -> None:
    command = tmp_path / "false friend"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    made, target = tmp_path / "made.j2k", tmp_path / "whole.j2k"
    with pytest.raises(Refusal) as caught:
        run([str(command), str(made)], made, target)
    assert words in str(caught.value)
    assert not made.exists()


def test_a_recipe_becomes_kakadus_words() -> None:
    words = kakadu_options(make_picture(), NAMED["kdu_med_layers"], Limits())
    assert "Clevels=7" in words
    assert "Creversible=no" in words
    assert "Cprecincts={256,256},{256,256},{256,256},{128,128},{128,128},{64,64},{64,64},{32,32},{16,16}" in words
    assert words[words.index("-rate") + 1] == "2.0000,1.0000,0.5000,0.2500,0.1250,0.0625"
    assert "ORGtparts=R" in words
    assert "ORGtparts=R" not in kakadu_options(make_picture(), replace(NAMED["lossless"], progression="CPRL"), Limits())
    assert "Cmodes=HT" in kakadu_options(make_picture(), HT_LOSSLESS, Limits())


def test_a_recipe_becomes_groks_words() -> None:
    words = grok_options(make_picture(), replace(NAMED["kdu_med"], tiles=256), Limits())
    assert words[words.index("-t") + 1] == "256,256"
    assert words[words.index("-r") + 1] == "12"
    assert words[words.index("-n") + 1] == "8"
    assert words[words.index("-u") + 1] == "R"
    assert "-u" not in grok_options(make_picture(), replace(NAMED["kdu_med"], progression="LRCP"), Limits())
    assert grok_options(make_picture(), HT_LOSSLESS, Limits())[-2:] == ["-M", "64"]
    with pytest.raises(Refusal, match="the grok encoder cannot do layers 101"):
        grok_options(make_picture(), replace(NAMED["kdu_med"], layers=101), Limits())
    with pytest.raises(Refusal, match="the grok encoder cannot do ratio 10"):
        grok_options(make_picture(), replace(HT_LOSSLESS, ratio=10.0), Limits())


def test_layers_double_towards_the_first() -> None:
    assert rates(NAMED["kdu_med_layers"], 24, 10**6) == [384, 192, 96, 48, 24, 12]
    assert rates(NAMED["lossless"], 24, 10**6) == [0]
    assert rates(replace(NAMED["lossless"], layers=3), 24, 10**6) == [4, 2, 0]


def test_levels_are_no_more_than_a_side_can_be_halved() -> None:
    assert levels_for(NAMED["default"], Size(5000, 4000), None) == 7
    assert levels_for(NAMED["default"], Size(5000, 100), None) == 6
    assert levels_for(NAMED["default"], Size(5000, 4000), 64) == 6
    assert levels_for(NAMED["default"], Size(1, 1), None) == 0


def test_openjpeg_from_pillows_wheel_does_the_same(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from processor import openjpeg
library = openjpeg.wheel_library()
assert library is not None and library.exists()
assert openjpeg.binding((openjpeg.wheel_library,)).version() >= "2.5"
from images.recipe import NAMED
from processor.encoders import openjpeg as encoder
from processor.settings import Limits
from tests.unit.processor.make import make_picture
encoder.OpenJpegEncoder(Limits()).encode(make_picture(), NAMED["lossless"], Path(sys.argv[1]))
"""
    path = tmp_path / "a.j2k"
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, cwd=root, env={**os.environ})
    assert (decode(path) == RGB).all()
