"""The packets of a tile-part, told apart by the SOP marker in front of each: numbered, and listed in PLT.

For encoders that cannot write PLT or number their packets wrongly. Decodes nothing: no two bytes of coded data look
like a marker, the standard sees to that, so SOP is found by looking for it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

SOP = b"\xff\x91\x00\x04"
PLT = 0xFF58
MOST_PAYLOAD = 65_535 - 3


def packet_starts(data: bytes) -> list[int]:
    """Where each packet in a tile-part's data begins; nothing if they do not begin with SOP."""
    starts = [data.find(SOP)]
    while starts[-1] >= 0:
        starts.append(data.find(SOP, starts[-1] + len(SOP)))
    return starts[:-1] if starts[0] == 0 else []


def numbered(data: bytes, starts: Sequence[int], first: int) -> bytes:
    """The same data with its packets numbered from `first` on, as a tile's are from 0 through all of its parts."""
    right = bytearray(data)
    for number, start in enumerate(starts, first):
        struct.pack_into(">H", right, start + len(SOP), number & 0xFFFF)
    return bytes(right)


def lengths(starts: Sequence[int], end: int) -> list[int]:
    """How long each packet is, SOP included."""
    return [after - start for start, after in zip(starts, [*starts[1:], end], strict=True)] if starts else []


def plt(packets: Iterable[int]) -> bytes:
    """The PLT segments that list packets by their lengths; a length is never cut in two."""
    payloads = [b""]
    for length in packets:
        number = _in_sevens(length)
        if len(payloads[-1]) + len(number) > MOST_PAYLOAD:
            payloads.append(b"")
        payloads[-1] += number
    return b"".join(
        struct.pack(">HHB", PLT, len(payload) + 3, index) + payload for index, payload in enumerate(payloads) if payload
    )


def _in_sevens(number: int) -> bytes:
    """Seven bits a byte, the highest first; all but the last one say that more follow."""
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))
