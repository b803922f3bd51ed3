"""Strips, boxes, codestreams and orders: the small values between a source and a file."""

from __future__ import annotations

import struct
from functools import cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.iiif_size import parse_size
from images.recipe import NAMED, parse_recipe
from images.size import Size
from processor.codestream import BrokenCodestream, complete, main_header, mend, tile_parts
from processor.encoders.registry import encoder_for
from processor.jp2 import boxes
from processor.order import Made, Operation, Order, Thumb
from processor.picture import regroup
from processor.settings import Limits, SettingsError, from_environment
from tests.unit.processor.make import make_picture


@given(st.lists(st.integers(0, 9), max_size=20), st.integers(1, 12))
def test_strips_are_the_same_rows_in_other_heights(heights: list[int], rows: int) -> None:
    total = sum(heights)
    pixels = np.arange(total * 3, dtype=np.uint16).reshape(total, 3, 1)
    edges = np.cumsum([0, *heights])
    bands = (pixels[low:high] for low, high in pairwise(edges))
    strips = [strip.copy() for strip in regroup(bands, rows, total)]
    assert [len(strip) for strip in strips] == [rows] * (total // rows) + ([total % rows] if total % rows else [])
    assert not total or (np.concatenate(strips) == pixels).all()


@given(st.floats(1, 99_999), st.floats(1, 99_999))
def test_a_resolution_is_exact_to_a_thousandth(across: float, up: float) -> None:
    data = boxes(make_picture(np.zeros((2, 2, 1), np.uint8), (across, up)), 100)
    at = data.index(b"resc") + 4
    up_n, up_d, across_n, across_d, up_e, across_e = struct.unpack_from(">HHHHbb", data, at)
    assert up_n / up_d * 10**up_e * 0.0254 == pytest.approx(up, rel=0.001)
    assert across_n / across_d * 10**across_e * 0.0254 == pytest.approx(across, rel=0.001)


def test_a_codestream_beyond_4_gigabytes_has_a_long_box() -> None:
    assert boxes(make_picture(), 5 << 30)[-16:] == struct.pack(">I4sQ", 1, b"jp2c", (5 << 30) + 16)


@cache
def made_codestream() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.j2k"
        encoder_for(NAMED["lossless"], Limits()).encode(make_picture(), NAMED["lossless"], path)
        return path.read_bytes()


def test_a_codestream_is_walked_from_start_to_end() -> None:
    data = made_codestream()
    file = BytesIO(data)
    assert [segment.marker for segment in main_header(file)][:2] == [0xFF4F, 0xFF51]
    parts = list(tile_parts(file))
    assert len(parts) == 8
    assert parts[-1].start + parts[-1].length + 2 == len(data)


@given(share=st.floats(0, 0.999))
def test_a_codestream_that_is_cut_off_is_noticed_and_can_be_mended(share: float) -> None:
    data = made_codestream()
    short = data[: int(len(data) * share)]
    with pytest.raises(BrokenCodestream):
        walk(BytesIO(short))
    mended = BytesIO()
    try:
        mend(BytesIO(short), mended)
    except BrokenCodestream:
        assert len(short) < 400  # not even its main header is there
        return
    mended.seek(0)
    walk(mended)


def walk(file: BytesIO) -> None:
    for _ in main_header(file):
        pass
    for _ in tile_parts(file):
        pass


def test_a_missing_tlm_is_added(tmp_path: Path) -> None:
    data = made_codestream()
    file = BytesIO(data)
    segments = list(main_header(file))
    bare = b"".join(segment.data for segment in segments if segment.marker != 0xFF55) + data[file.tell() :]
    (tmp_path / "b.j2k").write_bytes(bare)
    complete(tmp_path / "b.j2k", tmp_path / "c.j2k")
    once = (tmp_path / "c.j2k").read_bytes()
    assert [segment.marker for segment in main_header(BytesIO(once))][-1] == 0xFF55
    assert once.endswith(data[file.tell() :])
    complete(tmp_path / "c.j2k", tmp_path / "b.j2k")
    assert (tmp_path / "b.j2k").read_bytes() == once


def test_an_order_and_its_result_survive_the_pipe() -> None:
    order = Order(
        "token",
        Path("/scratch/a"),
        Operation.INGEST,
        Path("/scratch/b"),
        None,
        parse_recipe({"codec": "htj2k", "reversible": True, "tolerant": True}),
        (parse_size("!400,400"), parse_size("^max")),
    )
    assert Order.from_line(order.to_line()) == order
    made = Made(Size(3, 4), Path("/scratch/b"), (Thumb(Path("/t"), Size(1, 2)),), handed_through=True)
    assert Made.from_json(made.to_json()) == made


def test_every_named_recipe_survives_the_pipe() -> None:
    for recipe in NAMED.values():
        order = Order("token", Path("/a"), Operation.INGEST, None, None, recipe)
        assert Order.from_line(order.to_line()).recipe == recipe


def test_settings_fit_the_machine_by_default(tmp_path: Path) -> None:
    settings = from_environment({"PROCESSOR_SCRATCH": str(tmp_path)})
    assert settings.scratch == tmp_path
    assert settings.limits.threads * settings.workers >= 1
    assert settings.limits.untiled_pixels * 20 <= settings.limits.memory


def test_every_bad_setting_is_reported_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        from_environment(
            {
                "PROCESSOR_SCRATCH": "relative",
                "PROCESSOR_PORT": "http",
                "PROCESSOR_WORKERS": "0",
                "PROCESSOR_J2K_ENCODER": "openjph",
            }
        )
    text = str(caught.value)
    for name in ("SCRATCH", "PORT", "WORKERS", "J2K_ENCODER"):
        assert f"PROCESSOR_{name}: expected" in text


def test_small_machines_get_tiles_earlier(tmp_path: Path) -> None:
    settings = from_environment({"PROCESSOR_SCRATCH": str(tmp_path), "PROCESSOR_MEMORY_MB": "512"})
    assert settings.limits.untiled_pixels < 20_000_000
