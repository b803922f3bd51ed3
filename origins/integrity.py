"""Checksums that an origin's server gives for what it sends. Pure: headers in, expectations out."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import anycrc


class Hash(Protocol):
    """What hashlib's objects do, and our CRCs."""

    def update(self, data: bytes, /) -> None:
        """Takes in more bytes."""

    def digest(self) -> bytes:
        """The checksum of all so far."""


class Crc:
    """A cyclic redundancy check in the manner of hashlib."""

    def __init__(self, name: str, length: int) -> None:
        self._model = anycrc.Model(name)
        self._length = length
        self._value = 0

    def update(self, data: bytes, /) -> None:
        if data:
            self._value = self._model.calc(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._length, "big")


@dataclass(frozen=True, slots=True)
class Checksum:
    """One expectation: the algorithm, the value, and which header said so."""

    algorithm: str
    value: bytes
    header: str

    def hash(self) -> Hash:
        """A fresh hash of this algorithm."""
        if self.algorithm in CRCS:
            return Crc(CRCS[self.algorithm], LENGTHS[self.algorithm])
        return hashlib.new(self.algorithm, usedforsecurity=False)


CRCS = {"crc32": "CRC32", "crc32c": "CRC32C", "crc64nvme": "CRC64-NVME"}
LENGTHS = {"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64, "crc32": 4, "crc32c": 4, "crc64nvme": 8}
ITEM = re.compile(r"\s*(?P<name>[A-Za-z0-9-]+)\s*=\s*:?(?P<value>[A-Za-z0-9+/]+={0,2}):?\s*(?:;[^,]*)?")
LISTS = ("Digest", "Repr-Digest", "Content-Digest", "x-goog-hash")
SINGLE = {
    "Content-MD5": "md5",
    "x-amz-checksum-sha1": "sha1",
    "x-amz-checksum-sha256": "sha256",
    "x-amz-checksum-crc32": "crc32",
    "x-amz-checksum-crc32c": "crc32c",
    "x-amz-checksum-crc64nvme": "crc64nvme",
}


def expected_checksums(headers: Mapping[str, str]) -> tuple[Checksum, ...]:
    """Every checksum of the headers that we can compute; what is misspelt or unknown is no expectation."""
    named = [(algorithm, headers[header], header) for header, algorithm in SINGLE.items() if header in headers]
    named += [
        (match["name"].lower().replace("-", ""), match["value"], header)
        for header in LISTS
        for item in headers.get(header, "").split(",")
        if (match := ITEM.fullmatch(item))
    ]
    made = (_checksum(*each) for each in named)
    return tuple(checksum for checksum in made if checksum)


def _checksum(algorithm: str, text: str, header: str) -> Checksum | None:
    name = {"sha": "sha1"}.get(algorithm, algorithm)
    try:
        value = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return Checksum(name, value, header) if LENGTHS.get(name) == len(value) else None
