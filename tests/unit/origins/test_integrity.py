"""Checksums in headers."""

from __future__ import annotations

import base64
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from origins.integrity import Checksum, expected_checksums

DATA = b"some bytes"
MD5 = base64.b64encode(hashlib.md5(DATA).digest()).decode()
SHA256 = base64.b64encode(hashlib.sha256(DATA).digest()).decode()


def expected(**headers: str) -> tuple[Checksum, ...]:
    return expected_checksums(CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()}))


@pytest.mark.parametrize(
    ("header", "value", "algorithms"),
    [
        ("Content-MD5", MD5, ["md5"]),
        ("content-md5", f" {MD5} ", ["md5"]),
        ("Digest", f"MD5={MD5},sha-256={SHA256}", ["md5", "sha256"]),
        ("Digest", f"unixsum=30637, SHA-256={SHA256}", ["sha256"]),
        ("Repr-Digest", f"sha-256=:{SHA256}:", ["sha256"]),
        ("Repr-Digest", f"sha-256=:{SHA256}:;parameter=1", ["sha256"]),
        ("x-goog-hash", f"crc32c=n03x6A==,md5={MD5}", ["crc32c", "md5"]),
        ("x-amz-checksum-sha256", SHA256, ["sha256"]),
        ("x-amz-checksum-crc32", "AAAAAA==", ["crc32"]),
        ("x-amz-checksum-crc32", "AAAAAA==-3", []),
        ("x-amz-checksum-crc32c", "AAAAAA==", ["crc32c"]),
        ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=", ["crc64nvme"]),
        ("x-amz-checksum-crc64nvme", "AAAAAA==", []),
        ("Content-MD5", "no base64!", []),
        ("Content-MD5", SHA256, []),
        ("Digest", "", []),
    ],
)
def test_checksums_are_read_and_misspelt_ones_ignored(header: str, value: str, algorithms: list[str]) -> None:
    assert [each.algorithm for each in expected_checksums(CIMultiDict({header: value}))] == algorithms


@given(st.text(), st.text())
def test_any_header_is_an_expectation_or_none(digest: str, md5: str) -> None:
    for each in expected(Digest=digest, Content_MD5=md5):
        assert len(each.value) == len(each.hash().digest())


@pytest.mark.parametrize(
    ("algorithm", "value"), [("crc32", "cbf43926"), ("crc32c", "e3069283"), ("crc64nvme", "ae8b14860a799888")]
)
def test_crcs_have_the_check_values_of_their_catalogue(algorithm: str, value: str) -> None:
    for pieces in ([b"123456789"], [b"1234", b"", b"56789"]):
        digest = Checksum(algorithm, b"", "x").hash()
        for piece in pieces:
            digest.update(piece)
        assert digest.digest().hex() == value


@given(st.lists(st.binary()))
def test_hashes_take_their_data_in_pieces(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    for algorithm, value in (
        ("crc32", zlib.crc32(whole).to_bytes(4, "big")),
        ("sha256", hashlib.sha256(whole).digest()),
    ):
        digest = Checksum(algorithm, value, "x").hash()
        for piece in pieces:
            digest.update(piece)
        assert digest.digest() == value
