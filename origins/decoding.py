"""Content-Encoding: gzip and deflate undone piece by piece, each piece small whatever it was packed from."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from policies.outcome import IngestError
from policies.reasons import ORIGIN_ENCODING, ORIGIN_TRUNCATED

PIECE = 256 * 1024
SLICE = 16 * 1024
"""Bytes that are unpacked at once: what is left over is copied each time, and tiny members leave much."""
GZIP = 16 + zlib.MAX_WBITS
PLAIN = frozenset({"", "identity"})


class Decoder:
    """Undoes one encoding; members that follow each other, as gzip allows, count as one."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._bits = GZIP if "gzip" in encoding else None  # None: zlib or raw deflate, told by the first byte
        self._inflate = zlib.decompressobj(self._bits) if self._bits is not None else None
        self._begun = False
        self._members = 0

    def decode(self, data: bytes) -> Iterator[bytes]:
        """What the bytes unpack to, in pieces."""
        for at in range(0, len(data), SLICE):
            yield from self._decode(data[at : at + SLICE])

    def _decode(self, data: bytes) -> Iterator[bytes]:
        while data := data if self._begun or not self._members else data.lstrip(b"\0"):
            inflate = self._inflate or self._start(data)
            self._begun = True
            try:
                piece = inflate.decompress(data, PIECE)
            except zlib.error as error:
                raise IngestError(ORIGIN_ENCODING, f"broken {self._encoding}: {error}") from error
            if piece:
                yield piece
            data = inflate.unconsumed_tail
            if not data and len(piece) == PIECE:
                yield from self._rest(inflate)
            if inflate.eof:
                self._begun = False
                self._members += 1
                data = inflate.unused_data if self._bits == GZIP else b""
                self._inflate = zlib.decompressobj(GZIP) if self._bits == GZIP else inflate

    def _rest(self, inflate: zlib._Decompress) -> Iterator[bytes]:
        """What the decoder still holds back once all input is consumed."""
        while piece := inflate.decompress(b"", PIECE):
            yield piece

    def _start(self, data: bytes) -> zlib._Decompress:
        zlib_header = data[0] & 0x0F == zlib.DEFLATED
        self._bits = zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS
        self._inflate = zlib.decompressobj(self._bits)
        return self._inflate

    def end(self) -> None:
        """Raises unless everything that was begun has ended."""
        if self._begun:
            raise IngestError(ORIGIN_TRUNCATED, f"the {self._encoding} ends before its end")


def decoder_for(content_encoding: str) -> Decoder | None:
    """What undoes a Content-Encoding; None when there is nothing to undo."""
    encodings = [each for part in content_encoding.split(",") if (each := part.strip().lower()) not in PLAIN]
    match encodings:
        case []:
            return None
        case ["gzip" | "x-gzip" | "deflate" as encoding]:
            return Decoder(encoding)
        case _:
            raise IngestError(ORIGIN_ENCODING, f"the server sends Content-Encoding: {content_encoding[:80]}")
