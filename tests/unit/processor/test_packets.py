"""Packets: listed as OpenJPEG lists them, numbered as the standard wants it."""

from __future__ import annotations

import struct
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.recipe import NAMED, Recipe
from processor.codestream import SOD, TLM, complete, main_header, tile_parts
from processor.encoders.registry import encoder_for
from processor.packets import PLT, SOP, lengths, numbered, packet_starts, plt
from processor.settings import Limits
from tests.corpus.pictures import photograph
from tests.unit.processor.make import make_picture


def read_plt(segments: bytes) -> list[int]:
    """The lengths in PLT segments, which must be numbered and whole."""
    found, at, index = [], 0, 0
    while at < len(segments):
        marker, length, number = struct.unpack_from(">HHB", segments, at)
        assert (marker, number) == (PLT, index)
        value = 0
        for byte in segments[at + 5 : at + 2 + length]:
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                found.append(value)
                value = 0
        assert value == 0
        at, index = at + 2 + length, index + 1
    assert at == len(segments)
    return found


@given(st.lists(st.integers(1, 2**31 - 1), max_size=50))
def test_lengths_of_packets_come_back_from_plt(given_lengths: list[int]) -> None:
    assert read_plt(plt(given_lengths)) == given_lengths


def test_many_packets_take_several_segments() -> None:
    many = [1, 200, 2**20] * 20_000
    assert read_plt(plt(many)) == many
    assert plt(many).count(struct.pack(">H", PLT)) > 1


def test_data_that_does_not_begin_with_sop_has_no_packets_to_tell() -> None:
    assert packet_starts(b"") == packet_starts(b"abc") == packet_starts(b"a" + SOP + b"\0\0") == []
    assert lengths([], 10) == []
    assert plt([]) == b""


def test_numbers_of_packets_start_anew_after_65535() -> None:
    data = (SOP + b"xx") * 3
    assert numbered(data, packet_starts(data), 65_534) == SOP + b"\xff\xfe" + SOP + b"\xff\xff" + SOP + b"\0\0"


@pytest.mark.parametrize(
    "recipe",
    [NAMED["default"], NAMED["kdu_med_layers"], replace(NAMED["lossless"], tiles=128)],
    ids=["default", "layers", "tiles"],
)
def test_what_a_program_leaves_out_or_gets_wrong_is_put_as_openjpeg_has_it(recipe: Recipe, tmp_path: Path) -> None:
    path = tmp_path / "a.j2k"
    encoder_for(recipe, Limits()).encode(make_picture(photograph(600, 420)), recipe, path)
    right = path.read_bytes()
    path.write_bytes(spoilt(right))
    assert parts_of(path.read_bytes()) != parts_of(right)
    complete(path, tmp_path / "b.j2k")
    made = (tmp_path / "b.j2k").read_bytes()
    assert parts_of(made) == parts_of(right)
    assert [part.length for part in tile_parts(at_parts(made))] == tlm_of(made)
    complete(tmp_path / "b.j2k", path)
    assert path.read_bytes() == made


def test_packets_that_cannot_be_told_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.jhc"
    recipe = NAMED["fastest"]
    encoder_for(recipe, Limits()).encode(make_picture(), recipe, path)
    complete(path, tmp_path / "b.jhc")
    assert parts_of((tmp_path / "b.jhc").read_bytes()) == parts_of(path.read_bytes())


def at_parts(codestream: bytes) -> BytesIO:
    """A codestream, read up to its first tile-part."""
    file = BytesIO(codestream)
    list(main_header(file))
    return file


def parts_of(codestream: bytes) -> list[bytes]:
    return [codestream[part.start : part.start + part.length] for part in tile_parts(at_parts(codestream))]


def tlm_of(codestream: bytes) -> list[int]:
    """The lengths in a codestream's TLM."""
    [segment] = [one.data for one in main_header(BytesIO(codestream)) if one.marker == TLM]
    return [length for _, length in struct.iter_unpack(">HI", segment[6:])]


def spoilt(codestream: bytes) -> bytes:
    """The same codestream without PLT and TLM, and with a number on its packets that leaps."""
    made = b"".join(one.data for one in main_header(BytesIO(codestream)) if one.marker != TLM)
    for part in parts_of(codestream):
        file = BytesIO(part)
        start = file.read(12)
        head = b"".join(one.data for one in main_header(file, until=SOD) if one.marker != PLT)
        data = file.read()[2:]
        starts = packet_starts(data)
        assert starts
        rest = head + struct.pack(">H", SOD) + numbered(data, starts, 1000 + len(part))
        made += start[:6] + struct.pack(">I", 12 + len(rest)) + start[10:] + rest
    return made + b"\xff\xd9"
