"""The story of one job: what is written, what is left behind when it fails, and `sluice convert`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from engine.cli.convert import convert as convert_command
from engine.cli.stop import Failed, Misused
from images.recipe import NAMED
from images.size import Size
from processor.convert import convert
from processor.decode import decode
from processor.errors import Refusal
from processor.order import Operation
from processor.settings import Limits
from tests.corpus.others import cut
from tests.corpus.pictures import photograph
from tests.corpus.tiffs import stored, tiffs
from tests.unit.processor.make import make_jp2, make_order, make_picture, psnr

LIMITS = Limits()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_dimensions_reported_are_those_of_the_result(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(photograph(300, 200)).save(tmp_path / "a.jpg", exif=exif)
    made = convert(make_order(tmp_path / "a.jpg", sizes=("!100,100",)), LIMITS)
    assert made.size == Size(200, 300)
    assert made.thumbs[0].size == Size(67, 100)
    assert decode(tmp_path / "made.jp2").shape == (300, 200, 3)
    alone = make_order(tmp_path / "a.jpg", operation=Operation.DERIVATIVES_ONLY, sizes=("!100,100",))
    assert convert(alone, LIMITS).size == Size(200, 300)


def test_a_large_tiff_goes_through_in_strips_and_turned_ones_too(tmp_path: Path) -> None:
    limits = Limits(memory=64 << 20, untiled_pixels=100_000)
    shows = photograph(700, 500)
    for turn in (1, 2, 3, 6):
        tags = [(274, 3, 1, turn, True)]
        tifffile.imwrite(tmp_path / "a.tif", stored(shows, turn), rowsperstrip=16, compression="lzw", extratags=tags)
        convert(make_order(tmp_path / "a.tif", recipe=NAMED["lossless"]), limits)
        assert (decode(tmp_path / "made.jp2") == shows).all()


def test_refused_images_leave_nothing_behind(tmp_path: Path) -> None:
    Image.fromarray(photograph(300, 200)).save(tmp_path / "a.png")
    short = cut(tmp_path / "a.png", 0.5)
    before = names(tmp_path)
    for operation in Operation:
        with pytest.raises(Refusal):
            convert(make_order(short, operation=operation, sizes=("!100,100",)), LIMITS)
        assert names(tmp_path) == before


def test_what_was_there_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    Image.fromarray(photograph(300, 200)).save(tmp_path / "a.png")
    (tmp_path / "made.jp2").write_bytes(b"the old one")
    with pytest.raises(Refusal):
        convert(make_order(cut(tmp_path / "a.png", 0.5)), LIMITS)
    assert (tmp_path / "made.jp2").read_bytes() == b"the old one"
    convert(make_order(tmp_path / "a.png"), LIMITS)
    assert (tmp_path / "made.jp2").read_bytes() != b"the old one"


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    Image.fromarray(photograph(30, 20)).save(tmp_path / "a.png")
    order = replace(make_order(tmp_path / "a.png"), destination=tmp_path / "gone" / "a.jp2")
    with pytest.raises(Refusal, match="gone") as caught:
        convert(order, LIMITS)
    assert caught.value.field == "destination"


def test_every_specimen_converts_losslessly_to_what_it_shows(tmp_path: Path) -> None:
    for specimen in list(tiffs())[::5]:
        convert(make_order(specimen.at(tmp_path), recipe=NAMED["lossless"]), LIMITS)
        specimen.check(decode(tmp_path / "made.jp2"))


def test_thumbnails_alone_come_from_a_reduced_resolution(tmp_path: Path) -> None:
    picture = photograph(1600, 1200)
    for name in ("a.jp2", "a.jpg"):
        if name == "a.jp2":
            make_jp2(tmp_path / name, make_picture(picture))
        else:
            Image.fromarray(picture).save(tmp_path / name, quality=95)
        made = convert(
            make_order(tmp_path / name, operation=Operation.DERIVATIVES_ONLY, sizes=("!400,400", "!100,100")), LIMITS
        )
        assert made.size == Size(1600, 1200)
        for thumb in made.thumbs:
            size = (thumb.size.width, thumb.size.height)
            direct = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
            with Image.open(thumb.path) as image:
                assert psnr(np.asarray(image), direct) > 27


async def test_the_command_converts_files_and_says_what_came_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(photograph(300, 200)).save(tmp_path / "a.png")
    Image.fromarray(photograph(200, 300)).save(tmp_path / "b.png")
    short = cut(tmp_path / "b.png", 0.5)
    (tmp_path / "out").mkdir()
    await convert_command(
        [tmp_path / "a.png", tmp_path / "a.jp2"], recipe="lossless", thumbs=["!100,100"], workers=1, as_json=True
    )
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["width"], one["height"], one["reason"]) == (300, 200, None)
    assert (decode(tmp_path / "a.jp2") == photograph(300, 200)).all()
    assert names(tmp_path / "a-thumbs") == ["100x67.jpg"]
    with pytest.raises(Failed, match="1 of 3"):
        await convert_command(
            [tmp_path / "a.png", tmp_path / "b.png", short, tmp_path / "out"], recipe='{"ratio": 20}', workers=2
        )
    assert names(tmp_path / "out") == ["a.jp2", "b.jp2"]
    assert "the file ends after" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("files", "options", "words"),
    [
        (["a.png"], {}, "nothing to write to"),
        (["none.png", "a.jp2"], {}, "no file"),
        (["a.png", "nowhere/a.jp2"], {}, "no folder"),
        (["a.png", "a.png", "b.jp2"], {}, "no folder"),
        (["a.png", "sub/a.png", "sub"], {}, "same name"),
        (["a.png", "a.jp2"], {"recipe": "best"}, "no recipe 'best'"),
        (["a.png", "a.jp2"], {"recipe": '{"levels": 50}'}, "levels"),
        (["a.png", "a.jp2"], {"thumbs": ["huge"]}, "is no size"),
    ],
)
async def test_wrong_use_is_said_before_anything_starts(
    files: list[str], options: dict[str, str], words: str, tmp_path: Path
) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a.png", "sub/a.png"):
        Image.fromarray(photograph(30, 20)).save(tmp_path / name)
    with pytest.raises(Misused, match=words):
        await convert_command([tmp_path / name for name in files], **options)  # type: ignore[arg-type]  # a table of options
