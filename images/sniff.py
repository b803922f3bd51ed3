"""What a file is, by its first bytes alone: neither its name nor what a server said of it is asked.

`sniff` tells the image formats that can be read further; `sniff_media_type` names everything else that is
commonly met where an image was promised. A few hundred bytes suffice; more never change the answer to another
image format.
"""

from __future__ import annotations

from collections.abc import Callable

from images.formats import ImageFormat
from images.sniff_text import text_media_type

_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_HT_CAPABILITY = 0x4000
_MP3_LAYER, _MP3_BITRATE, _MP3_RATE = 0x06, 0xF0, 0x0C
_MP3_LAYERS = frozenset({0x02, 0x04})  # III and II; I would look like the mark of a UTF-16 text


def sniff(head: bytes) -> ImageFormat | None:
    """The image format that a file beginning so has; None if it is none that we know."""
    for signature, format_ in _IMAGE_SIGNATURES:
        if head.startswith(signature):
            return format_(head) if callable(format_) else format_
    return None


def sniff_media_type(head: bytes) -> str | None:
    """The media type of a file beginning so; None if nothing is known of it."""
    image = sniff(head)
    if image is not None:
        return image.media_type
    for offset, signature, media_type in _OTHER_SIGNATURES:
        if head.startswith(signature, offset):
            return media_type
    if head[4:8] == b"ftyp":
        return _FILM_BRANDS.get(head[8:12], "video/mp4")
    return text_media_type(head) or ("audio/mpeg" if _is_mp3_frame(head) else None)


def _boxed(head: bytes) -> ImageFormat:
    """JP2 or JPH, by the brand of the file type box that follows the signature."""
    return ImageFormat.JPH if head[20:24] == b"jph " else ImageFormat.JP2


def _codestream(head: bytes) -> ImageFormat:
    capabilities = int.from_bytes(head[6:8], "big")
    return ImageFormat.JHC if capabilities & _HT_CAPABILITY else ImageFormat.J2K


def _riff(head: bytes) -> ImageFormat | None:
    return ImageFormat.WEBP if head[8:12] == b"WEBP" else None


def _bitmap(head: bytes) -> ImageFormat | None:
    """BMP, if its second header is one that exists: `BM` alone begins many a text."""
    return ImageFormat.BMP if int.from_bytes(head[14:18], "little") in _BMP_HEADERS else None


def _media(head: bytes) -> ImageFormat | None:
    """HEIC or AVIF, by the brands of the first box; films have the same box with other brands."""
    if head[4:8] != b"ftyp":
        return None
    length = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, length - 3, 4))}
    if brands & _AVIF_BRANDS:
        return ImageFormat.AVIF
    return ImageFormat.HEIC if head[8:12] in _HEIC_BRANDS else None


def _is_mp3_frame(head: bytes) -> bool:
    """A frame's eleven set bits, and none of the values that its fields may not have."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    layer, bitrate, rate = head[1] & _MP3_LAYER, head[2] & _MP3_BITRATE, head[2] & _MP3_RATE
    return layer in _MP3_LAYERS and bitrate != _MP3_BITRATE and rate != _MP3_RATE


_IMAGE_SIGNATURES: tuple[tuple[bytes, ImageFormat | Callable[[bytes], ImageFormat | None]], ...] = (
    (b"\xff\xd8\xff", ImageFormat.JPEG),
    (b"\x89PNG\r\n\x1a\n", ImageFormat.PNG),
    (b"II*\x00", ImageFormat.TIFF),
    (b"MM\x00*", ImageFormat.TIFF),
    (b"II+\x00", ImageFormat.TIFF),
    (b"MM\x00+", ImageFormat.TIFF),
    (_JP2_SIGNATURE, _boxed),
    (b"\xff\x4f\xff\x51", _codestream),
    (b"GIF87a", ImageFormat.GIF),
    (b"GIF89a", ImageFormat.GIF),
    (b"RIFF", _riff),
    (b"BM", _bitmap),
    (b"\x00\x00", _media),
)

_OTHER_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (257, b"ustar", "application/x-tar"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "application/ogg"),
    (8, b"WAVE", "audio/wav"),
    (8, b"AVI ", "video/x-msvideo"),
    (8, b"AIFF", "audio/aiff"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (0, b"\x00\x00\x01\x00", "image/vnd.microsoft.icon"),
    (0, b"8BPS", "image/vnd.adobe.photoshop"),
    (0, b"AT&TFORM", "image/vnd.djvu"),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl"),
    (0, b"\xff\x0a", "image/jxl"),
)

_FILM_BRANDS = {b"qt  ": "video/quicktime", b"M4A ": "audio/mp4", b"M4B ": "audio/mp4"}
