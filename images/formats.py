"""The image formats that are told apart by their bytes, with their media types and file name suffixes."""

from __future__ import annotations

from enum import StrEnum


class ImageFormat(StrEnum):
    """One image format; its value is a short name for people and logs."""

    JPEG = "jpeg"
    PNG = "png"
    TIFF = "tiff"
    JP2 = "jp2"
    JPH = "jph"  # JP2's boxes around HTJ2K
    J2K = "j2k"  # a codestream without boxes
    JHC = "jhc"  # the same, of HTJ2K
    WEBP = "webp"
    GIF = "gif"
    BMP = "bmp"
    HEIC = "heic"
    AVIF = "avif"

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES.get(self, f"image/{self.value}")

    @property
    def suffix(self) -> str:
        """The suffix of a file of this format, dot included."""
        return _SUFFIXES.get(self, f".{self.value}")


_MEDIA_TYPES = {ImageFormat.J2K: "image/j2c", ImageFormat.JHC: "image/jphc"}
_SUFFIXES = {ImageFormat.JPEG: ".jpg", ImageFormat.TIFF: ".tif"}
