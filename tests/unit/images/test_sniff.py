"""Files told apart by their first bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.header import ImageFormat, sniff, sniff_media_type
from tests.unit.images import make

FTYP = b"\x00\x00\x00\x18ftyp"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\xff\xd8\xff\xe0", ImageFormat.JPEG),
        (make.png(), ImageFormat.PNG),
        (make.tiff(), ImageFormat.TIFF),
        (make.tiff(order=">"), ImageFormat.TIFF),
        (make.tiff(big=True), ImageFormat.TIFF),
        (make.tiff(big=True, order=">"), ImageFormat.TIFF),
        (make.jp2(), ImageFormat.JP2),
        (make.jp2(brand=b"jpx "), ImageFormat.JP2),
        (make.jp2(brand=b"jph "), ImageFormat.JPH),
        (make.JP2_SIGNATURE, ImageFormat.JP2),
        (make.codestream(), ImageFormat.J2K),
        (make.codestream(capabilities=make.PART_15), ImageFormat.JHC),
        (make.webp_lossy(), ImageFormat.WEBP),
        (make.gif(), ImageFormat.GIF),
        (make.gif(version=b"87a"), ImageFormat.GIF),
        (make.bmp(), ImageFormat.BMP),
        (make.bmp(header=12), ImageFormat.BMP),
        (make.bmp(header=124), ImageFormat.BMP),
        (make.heif(), ImageFormat.HEIC),
        (make.heif(brand=b"mif1", compatible=b"heic"), ImageFormat.HEIC),
        (make.heif(brand=b"avif"), ImageFormat.AVIF),
        (make.heif(brand=b"avis"), ImageFormat.AVIF),
        (make.heif(brand=b"mif1", compatible=b"miafavif"), ImageFormat.AVIF),
        (make.heif(brand=b"mif1", compatible=b"avif"), ImageFormat.AVIF),
        (FTYP + b"isom\x00\x00\x02\x00avif", ImageFormat.AVIF),
        (FTYP + b"isom\x00\x00\x02\x00isomiso2avc1", None),
        (b"\x00\x00\x00\x14ftypisom\x00\x00\x02\x00isomavif", None),
        (FTYP + b"isom\x00\x00\x02\x00iavifoss", None),
        (FTYP + b"isomavif\x00\x00\x00\x00", None),
        (FTYP + b"mif1", ImageFormat.HEIC),
        (b"BM, you say?", None),
        (make.bmp(header=41), None),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", None),
        (b"GIF88a", None),
        (b"\x89PNG", None),
        (b"\xff\xd8", None),
        (b"", None),
        (b"<html>", None),
    ],
)
def test_image_formats_are_told_apart(head: bytes, expected: ImageFormat | None) -> None:
    assert sniff(head) is expected
    assert expected is None or sniff_media_type(head) == expected.media_type


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"])
def test_every_brand_of_heif_is_known(brand: bytes) -> None:
    assert sniff(make.heif(brand=brand)) is ImageFormat.HEIC


@pytest.mark.parametrize("header", [12, 16, 40, 52, 56, 64, 108, 124])
def test_every_header_of_bmp_is_known(header: int) -> None:
    assert sniff(make.bmp(header=header)) is ImageFormat.BMP


def test_formats_know_their_media_type_and_suffix() -> None:
    assert {format_: (format_.media_type, format_.suffix) for format_ in ImageFormat} == {
        ImageFormat.JPEG: ("image/jpeg", ".jpg"),
        ImageFormat.PNG: ("image/png", ".png"),
        ImageFormat.TIFF: ("image/tiff", ".tif"),
        ImageFormat.JP2: ("image/jp2", ".jp2"),
        ImageFormat.JPH: ("image/jph", ".jph"),
        ImageFormat.J2K: ("image/j2c", ".j2k"),
        ImageFormat.JHC: ("image/jphc", ".jhc"),
        ImageFormat.WEBP: ("image/webp", ".webp"),
        ImageFormat.GIF: ("image/gif", ".gif"),
        ImageFormat.BMP: ("image/bmp", ".bmp"),
        ImageFormat.HEIC: ("image/heic", ".heic"),
        ImageFormat.AVIF: ("image/avif", ".avif"),
    }


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"PK\x03\x04rest", "application/zip"),
        (b"PK\x05\x06rest", "application/zip"),
        (b"\x1f\x8b\x08\x00", "application/gzip"),
        (b"BZh91AY", "application/x-bzip2"),
        (b"\xfd7zXZ\x00", "application/x-xz"),
        (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
        (b"Rar!\x1a\x07\x00", "application/vnd.rar"),
        (b"name".ljust(257, b"\x00") + b"ustar\x0000", "application/x-tar"),
        (b"ID3\x04\x00", "audio/mpeg"),
        (b"\xff\xfb\x90\x64\x00\x00", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"\xff\xf3\x40\xc4", "audio/mpeg"),
        (b"\xff\xfd\x90\x64", "audio/mpeg"),
        (b"\xff\xff\x90\x64", None),
        (b"\xff\xe1\x90\x64", None),
        (b"\xff\xfb\xf0\x64", None),
        (b"\xff\xfb\x9c\x64", None),
        (b"\xff\xdb\x90\x64", None),
        (b"\xfe\xfb\x90\x64", None),
        (b"\xff\xfb\x90", None),
        (b"fLaC\x00", "audio/flac"),
        (b"OggS\x00", "application/ogg"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "video/x-msvideo"),
        (b"FORM\x00\x00\x00\x00AIFFCOMM", "audio/aiff"),
        (b"\x1a\x45\xdf\xa3\x01", "video/webm"),
        (b"\x00\x00\x01\x00\x01\x00", "image/vnd.microsoft.icon"),
        (b"8BPS\x00\x01", "image/vnd.adobe.photoshop"),
        (b"AT&TFORM\x00", "image/vnd.djvu"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl"),
        (b"\xff\x0a\x00\x00", "image/jxl"),
        (FTYP + b"isom\x00\x00\x02\x00isom", "video/mp4"),
        (FTYP + b"qt  \x00\x00\x02\x00qt  ", "video/quicktime"),
        (FTYP + b"M4A \x00\x00\x02\x00M4A ", "audio/mp4"),
        (FTYP + b"M4B \x00\x00\x02\x00M4B ", "audio/mp4"),
        (b"\x00\x01\x02\x03 nothing known", None),
        (b"", None),
    ],
)
def test_other_files_are_named_by_what_they_are(head: bytes, expected: str | None) -> None:
    assert sniff_media_type(head) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<!DOCTYPE html>\n<html><head>", "text/html"),
        ("<!doctype HTML PUBLIC '-//W3C//DTD HTML 4.01//EN'>", "text/html"),
        ("<html lang='en'>", "text/html"),
        ("<HTML>", "text/html"),
        ("  \r\n\t<html>", "text/html"),
        ("<!-- a > b --> <!-- c\nd -->\n<html>", "text/html"),
        ("<!-- never closed", "text/html"),
        ("  <!-- never closed", "text/html"),
        ("<body>", "text/html"),
        ("<h1>Not found</h1>", "text/html"),
        ("<p>gone", "text/html"),
        ("<br/>", "text/html"),
        ("<title", "text/html"),
        ("<a href='x'>", "text/html"),
        ("<?xml version='1.0'?><!DOCTYPE html><html xmlns='…'>", "text/html"),
        ("<?xml version='1.0'?>\n<Error><Code>NoSuchKey</Code></Error>", "application/xml"),
        ("<?xml version='1.0'?", "application/xml"),
        ("  <?xml version='1.0'?> ", "application/xml"),
        ("<Error><Code>", "application/xml"),
        ("<mets:mets xmlns:mets='…'>", "application/xml"),
        ("<?xml version='1.0'?><!DOCTYPE note [ <!ENTITY a 'b'> ]><note>", "application/xml"),
        ("<svg viewBox='0 0 1 1'>", "image/svg+xml"),
        ("<?xml version='1.0'?>\n<!-- made by --><svg>", "image/svg+xml"),
        ("<?xml version='1.0'?><!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'x'>\n<svg:svg>", "image/svg+xml"),
        ('{"error": "not found"}', "application/json"),
        ("{}", "application/json"),
        ("{ }", "application/json"),
        ('\n [\n "a"]', "application/json"),
        ("[1, 2]", "application/json"),
        ("[-1]", "application/json"),
        ("[]", "application/json"),
        ("[{", "application/json"),
        ("[[", "application/json"),
        ("[true]", "application/json"),
        ("[false]", "application/json"),
        ("[null]", "application/json"),
        ("[section]", "text/plain"),
        ("{curly", "text/plain"),
        ("Not found", "text/plain"),
        ("I <3 you <html>", "text/plain"),
        ("<3 you", "text/plain"),
        ("Größe: 3 €", "text/plain"),
        ("a\tb\r\nc\x0c\x1b[0m", "text/plain"),
        ("a\x00b", None),
        ("a\x08b", None),
        ("a\x0eb", None),
        ("a\x1ab", None),
        ("a\x1cb", None),
        ("a\x1fb", None),
        ("", None),
    ],
)
def test_texts_are_told_apart_in_any_encoding_that_has_a_mark(text: str, expected: str | None) -> None:
    assert sniff_media_type(text.encode()) == expected
    for encoding in ("utf-8-sig", "utf-16"):
        assert sniff_media_type(text.encode(encoding)) == expected
    assert sniff_media_type(b"\xfe\xff" + text.encode("utf-16-be")) == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("<html><title>Übersicht".encode("latin-1"), "text/html"),
        ("<note>Übersicht".encode("latin-1"), "application/xml"),
        ("Übersicht der Werke".encode("latin-1"), None),
        ("Größe".encode()[:-2], "text/plain"),
        ("Größe".encode()[:4], "text/plain"),
        ("Text".encode("utf-16")[:-1], "text/plain"),
        (b"<?xml version='1.0'?> text <!doctype html", "application/xml"),
        (b"\xef\xbb\xbf", None),
        (b"\xff\xfe", None),
        (b"<html>" + b"\x00" * 10, None),
        (b" " * 4096 + b"<html>", "text/plain"),
        (b" " * 4000 + b"<html>", "text/html"),
        (b"<html>".ljust(4096) + b"\x00", "text/html"),
    ],
)
def test_texts_without_a_mark_are_judged_with_care(head: bytes, expected: str | None) -> None:
    assert sniff_media_type(head) == expected


@given(st.one_of(st.binary(max_size=600), st.text().map(str.encode)))
def test_any_bytes_have_an_answer(head: bytes) -> None:
    format_ = sniff(head)
    assert format_ is None or sniff_media_type(head) == format_.media_type


@given(st.sampled_from([make.png(), make.jp2(), make.heif(), make.tiff(), make.bmp()]), st.binary(max_size=600))
def test_more_bytes_do_not_change_an_image_format(head: bytes, more: bytes) -> None:
    assert sniff(head + more) is sniff(head)
