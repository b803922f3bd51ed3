"""Content-Encoding undone, however the bytes are cut into pieces."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origins.decoding import PIECE, Decoder, decoder_for
from policies.outcome import IngestError
from policies.reasons import ORIGIN_ENCODING, ORIGIN_TRUNCATED

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "raw deflate": lambda data: zlib.compress(data, wbits=-15),
    "two members": lambda data: gzip.compress(data[: len(data) // 2]) + gzip.compress(data[len(data) // 2 :]),
    "padded": lambda data: gzip.compress(data) + bytes(100),
}


def decode(encoding: str, pieces: Iterable[bytes]) -> bytes:
    decoder = Decoder(encoding)
    data = b"".join(part for piece in pieces for part in decoder.decode(piece))
    decoder.end()
    return data


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize("name", PACKERS)
@given(data=st.binary(max_size=2000), repeat=st.integers(1, 400), size=st.integers(1, 5000))
def test_packed_data_comes_back(name: str, data: bytes, repeat: int, size: int) -> None:
    encoding = "deflate" if "deflate" in name else "gzip"
    whole = data * repeat
    assert decode(encoding, cut(PACKERS[name](whole), size)) == whole


@given(data=st.binary(min_size=1, max_size=500), keep=st.floats(0, 0.99))
def test_what_ends_too_early_is_truncated(data: bytes, keep: float) -> None:
    packed = gzip.compress(data)
    short = packed[: int(len(packed) * keep)]
    if short:
        with pytest.raises(IngestError) as failure:
            decode("gzip", [short])
        assert failure.value.reason.kind is ORIGIN_TRUNCATED


@given(st.binary(min_size=1))
def test_any_bytes_decode_or_are_named_broken(data: bytes) -> None:
    for encoding in ("gzip", "deflate"):
        try:
            decode(encoding, [data])
        except IngestError as error:
            assert error.reason.kind in {ORIGIN_ENCODING, ORIGIN_TRUNCATED}  # noqa: PT017 - or they decode


def test_pieces_stay_small_whatever_they_were_packed_from() -> None:
    bomb = gzip.compress(bytes(20_000_000), 9)
    sizes = [len(piece) for piece in Decoder("gzip").decode(bomb)]
    assert max(sizes) <= PIECE
    assert sum(sizes) == 20_000_000


@pytest.mark.parametrize("header", ["", "identity", "Identity, identity", " "])
def test_nothing_to_undo_needs_no_decoder(header: str) -> None:
    assert decoder_for(header) is None


@pytest.mark.parametrize("header", ["br", "zstd", "compress", "gzip, deflate", "gzip;q=1"])
def test_encodings_that_we_do_not_read_are_refused(header: str) -> None:
    with pytest.raises(IngestError) as failure:
        decoder_for(header)
    assert failure.value.reason.kind is ORIGIN_ENCODING


def test_very_many_members_take_no_more_than_their_share_of_time() -> None:
    members = gzip.compress(b"") * 200_000
    decoder, began = Decoder("gzip"), time.process_time()
    assert not b"".join(decoder.decode(members))
    decoder.end()
    assert time.process_time() - began < 3  # a tenth of that; were the rest copied for each, three times that
