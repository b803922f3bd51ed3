"""The file that a fetch fills: `{name}.part` until it is whole. Called from worker threads; knows no event loop.

Bytes are written wherever they belong; the digest is taken in order, from memory where they come in order and from
the file where they do not.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from origins.decoding import Decoder
from origins.integrity import Hash
from policies.outcome import IngestError
from policies.reasons import IMAGE_TOO_LARGE, SCRATCH_FULL, SCRATCH_UNUSABLE

HEAD = 64 * 1024
"""First bytes that are kept, for telling types."""
BLOCK = 256 * 1024
BUFFERS = 512
"""How many chunks one call writes; the kernel takes 1024."""
FULL = {errno.ENOSPC, errno.EDQUOT}


class Landing:
    """A file in the making. Either `write` and `digest` are used, side by side, or `decode`."""

    def __init__(self, into: Path, most: int) -> None:
        self._into = into
        self._part = into.with_name(f"{into.name}.part")
        self._most = most
        self._hashes: dict[str, Hash] = {}  # of the bytes as they came
        self._writing, self._digesting = Lock(), Lock()
        self._sha256 = hashlib.sha256()
        self.bytes = 0
        self.head = b""
        self._open = self._over = False

    def open(self) -> None:
        """Makes the file, unless it was discarded already."""
        with self._writing, disk():
            if not self._over:
                self._fd = os.open(self._part, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
                self._open = True

    def restart(self, hashes: Mapping[str, Hash]) -> None:
        """Forgets everything; from now on the bytes as they come are hashed in these ways too."""
        with self._writing, self._digesting, disk():
            if self._open:
                os.ftruncate(self._fd, 0)
            self._hashes = dict(hashes)
            self._sha256 = hashlib.sha256()
            self.bytes = 0
            self.head = b""

    def write(self, at: int, chunks: Sequence[bytes]) -> None:
        """Puts bytes where they belong."""
        with self._writing, disk():
            left = [memoryview(chunk) for chunk in chunks if chunk]
            while self._open and left:
                written = os.pwritev(self._fd, left[:BUFFERS], at)
                at += written
                while left and written >= len(left[0]):
                    written -= len(left.pop(0))
                if written:
                    left[0] = left[0][written:]

    def digest(self, chunks: Sequence[bytes]) -> None:
        """Takes the next bytes into the digest."""
        with self._digesting:
            for chunk in chunks:
                self._hash(chunk)
                self._take(chunk)

    def digest_written(self, start: int, end: int) -> None:
        """The same for bytes that were written before it was their turn."""
        with self._digesting, disk():
            while self._open and start < end:
                block = os.pread(self._fd, min(BLOCK, end - start), start)
                self._hash(block)
                self._take(block)
                start += len(block)

    def decode(self, decoder: Decoder, chunks: Sequence[bytes]) -> None:
        """Hashes bytes as they came, and writes what they decode to, at most as much as may come."""
        for chunk in chunks:
            with self._digesting:
                self._hash(chunk)
            for piece in decoder.decode(chunk):
                if self._over:
                    return
                if self.bytes + len(piece) > self._most:
                    raise IngestError(IMAGE_TOO_LARGE, f"decompressed it is larger than {self._most} bytes")
                self.write(self.bytes, [piece])
                with self._digesting:
                    self._take(piece)

    def _hash(self, chunk: bytes) -> None:
        for each in self._hashes.values():
            each.update(chunk)

    def _take(self, piece: bytes) -> None:
        if len(self.head) < HEAD:
            self.head += piece[: HEAD - len(self.head)]
        self._sha256.update(piece)
        self.bytes += len(piece)

    @property
    def sha256(self) -> str:
        """The digest of what the file holds."""
        return self._sha256.hexdigest()

    def raw_digest(self, algorithm: str) -> bytes:
        """The digest of the bytes as they came."""
        return self._hashes[algorithm].digest()

    def finish(self) -> None:
        """Gives the file its name."""
        with self._writing, disk():
            self._part.replace(self._into)
            self._open = False
            os.close(self._fd)

    def discard(self) -> None:
        """Removes what there is, unless it was finished."""
        with self._writing, self._digesting:
            self._over = True
            if self._open:
                self._open = False
                os.close(self._fd)
                self._part.unlink(missing_ok=True)


@contextmanager
def disk() -> Iterator[None]:
    """Turns what the disk refuses into reasons that blame nobody else."""
    try:
        yield
    except OSError as error:
        kind = SCRATCH_FULL if error.errno in FULL else SCRATCH_UNUSABLE
        raise IngestError(kind, f"the scratch disk: {error.strerror or error}") from error
