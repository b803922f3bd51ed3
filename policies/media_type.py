"""Media types: which count as images, and which one an original is stored with."""

from __future__ import annotations

from collections.abc import Iterable

NOT_KNOWN_YET = "image/unknown"
UNKNOWN = frozenset({"", "unknown", NOT_KNOWN_YET})
"""What a row says that does not know; they count as images until the bytes say otherwise."""
SAYS_NOTHING = frozenset({"", "application/octet-stream", "binary/octet-stream"})
"""What servers send for anything."""
ANYTHING = "application/octet-stream"

BY_SUFFIX = {
    "7z": "application/x-7z-compressed",
    "aac": "audio/aac",
    "avi": "video/x-msvideo",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "css": "text/css",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "epub": "application/epub+zip",
    "flac": "audio/flac",
    "gif": "image/gif",
    "glb": "model/gltf-binary",
    "gltf": "model/gltf+json",
    "gz": "application/gzip",
    "heic": "image/heic",
    "heif": "image/heif",
    "htm": "text/html",
    "html": "text/html",
    "j2k": "image/j2c",
    "jhc": "image/jphc",
    "jp2": "image/jp2",
    "jpeg": "image/jpeg",
    "jpf": "image/jpx",
    "jpg": "image/jpeg",
    "jph": "image/jph",
    "jpx": "image/jpx",
    "js": "text/javascript",
    "json": "application/json",
    "m4a": "audio/mp4",
    "md": "text/markdown",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "obj": "model/obj",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "ogg": "audio/ogg",
    "ogv": "video/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "ps": "application/postscript",
    "rtf": "application/rtf",
    "stl": "model/stl",
    "svg": "image/svg+xml",
    "tar": "application/x-tar",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "txt": "text/plain",
    "vtt": "text/vtt",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "yaml": "application/yaml",
    "zip": "application/zip",
}


def bare(media_type: str | None) -> str:
    """A media type without its parameters, in lower case."""
    return (media_type or "").partition(";")[0].strip().lower()


def is_unknown(media_type: str) -> bool:
    """Whether a row's media type says that nobody knows yet."""
    return bare(media_type) in UNKNOWN


def may_be_image(media_type: str) -> bool:
    """Whether a row's media type is an image, or may turn out to be one."""
    return is_unknown(media_type) or bare(media_type).startswith("image/")


def content_type(sniffed: str | None, declared: str | None, names: Iterable[str]) -> str:
    """What an original is stored as: what its bytes say, else its origin, else the first name with an extension."""
    if sniffed:
        return sniffed
    if bare(declared) not in SAYS_NOTHING:
        return bare(declared)
    return next((BY_SUFFIX[suffix] for suffix in map(_suffix, names) if suffix in BY_SUFFIX), ANYTHING)


def _suffix(name: str) -> str:
    """The extension of an address or of an id, without a query."""
    path = name.partition("?")[0].partition("#")[0]
    return path.rpartition("/")[2].rpartition(".")[2].lower()
