"""ADMIT: what the origin turned out to be."""

from __future__ import annotations

from typing import Any

import pytest

from images.formats import ImageFormat
from images.header import ImageHeader
from images.size import Size
from policies.admit import Admitted, Seen, admit, admit_derivative
from policies.facts import Storage
from policies.outcome import Refused
from tests.unit.policies.make import HTTP, make_channels, make_facts, make_place, make_plan, make_rules

SIZE = Size(4000, 3000)


def header(**given: Any) -> ImageHeader:
    """The header of a TIFF, or of what is asked."""
    values: dict[str, Any] = {"format": ImageFormat.TIFF, "size": SIZE, "components": 3, "bits": 8}
    return ImageHeader(**{**values, **given})


def seen(media_type: str | None = "image/tiff", declared: str | None = None, **given: Any) -> Seen:
    """A TIFF of 1000 bytes, or what is asked."""
    return Seen(**{"bytes": 1000, "media_type": media_type, "declared_media_type": declared, **given})


def answer(what: Seen, *channels: str, ready: bool = False, uri: str = HTTP, **given: Any) -> Admitted | Refused:
    """What ADMIT says of an asset with these channels."""
    rules = make_rules(**given.pop("rules", {}))
    facts = make_facts(channels=make_channels(*(channels or ("iiif-img",)), ready=ready), **given)
    plan = make_plan(rules=rules, place=make_place(uri), channels=facts.channels)
    return admit(plan, what, facts, rules)


def admitted(what: Seen, *channels: str, **given: Any) -> Admitted:
    leave = answer(what, *channels, **given)
    assert isinstance(leave, Admitted), leave
    return leave


def refusal(what: Seen, *channels: str, **given: Any) -> tuple[str, str]:
    refused = answer(what, *channels, **given)
    assert isinstance(refused, Refused), refused
    return refused.reason.code, refused.reason.message


def test_an_image_is_admitted_with_the_size_that_its_header_says() -> None:
    assert admitted(seen(header=header())) == Admitted(
        "image/tiff", convert=True, as_it_is=False, size=SIZE, bytes=1000
    )
    assert admitted(seen()) == Admitted("image/tiff", convert=True, as_it_is=False, size=None, bytes=1000)


def test_only_what_has_a_recipe_is_converted() -> None:
    assert admitted(seen(), "iiif-img", ready=True).convert is False
    assert admitted(seen(), "thumbs").convert is False
    assert admitted(seen("application/pdf"), "file").convert is False


@pytest.mark.parametrize(
    ("sniffed", "declared", "uri", "stored_as"),
    [
        ("image/tiff", "image/jpeg", "https://example.org/a.png", "image/tiff"),
        (None, "text/plain; charset=utf-8", "https://example.org/a.pdf", "text/plain"),
        (None, "Text/CSV", "https://example.org/a.pdf", "text/csv"),
        (None, "", "https://example.org/a.pdf?x=.txt", "application/pdf"),
        (None, None, "https://example.org/a.PDF#b.txt", "application/pdf"),
        (None, "application/octet-stream", "https://example.org/a.mp4", "video/mp4"),
        (None, "Binary/Octet-Stream;x", "https://example.org/a.mp4", "video/mp4"),
        (None, None, "https://example.org/a.b/c", "application/octet-stream"),
        (None, None, "https://example.org/a.unheard-of", "application/octet-stream"),
    ],
)
def test_the_content_type_is_what_bytes_then_header_then_name_say(
    sniffed: str | None, declared: str | None, uri: str, stored_as: str
) -> None:
    assert admitted(seen(sniffed, declared), "file", uri=uri).media_type == stored_as


def test_the_last_name_that_is_asked_is_the_assets_own() -> None:
    facts = make_facts(channels=make_channels("file"))
    plan = make_plan(
        channels=facts.channels, place=make_place(asset=type(facts.asset.id)(99, 1, "scan.wav"), uri="http://a/b")
    )
    leave = admit(plan, seen(None), facts, make_rules())
    assert isinstance(leave, Admitted)
    assert leave.media_type == "audio/wav"


@pytest.mark.parametrize(
    ("what", "seems"),
    [
        (seen("text/html", "image/tiff"), "text/html, by its bytes"),
        (seen("application/pdf"), "application/pdf, by its bytes"),
        (seen(None, "text/plain"), "text/plain, by its header or name"),
    ],
)
def test_what_is_no_image_is_refused_with_what_it_seems_to_be(what: Seen, seems: str) -> None:
    for channels in (("iiif-img",), ("thumbs",), ("file", "thumbs")):
        assert refusal(what, *channels) == (
            "not-an-image",
            f"an image was expected, but the origin seems to be {seems}",
        )


def test_bytes_that_nobody_knows_are_no_image_unless_header_or_name_say_so() -> None:
    assert "seems to be nothing that we know" in refusal(seen(None), uri="https://example.org/x")[1]
    assert admitted(seen(None, "image/x-raw")).media_type == "image/x-raw"
    assert admitted(seen(None), uri=HTTP).media_type == "image/tiff"


@pytest.mark.parametrize("readable", ["jpeg", "jp2", "tiff", "png", "gif", "bmp", "webp"])
def test_use_original_takes_what_the_image_server_reads(readable: str) -> None:
    assert admitted(seen(f"image/{readable}"), ready=True).media_type == f"image/{readable}"


@pytest.mark.parametrize("sniffed", ["image/heic", "image/jph", None])
def test_use_original_refuses_what_the_image_server_cannot_read(sniffed: str | None) -> None:
    code, message = refusal(seen(sniffed, "image/tiff"), ready=True)
    assert code == "format-not-served"
    seems = sniffed or "of a format that we do not know"
    assert message == (
        f"the policy is use-original, but the original is {seems}; the image server reads "
        "image/bmp, image/gif, image/jp2, image/jpeg, image/png, image/tiff, image/webp"
    )
    assert admitted(seen(sniffed, "image/tiff")).convert
    assert admitted(seen(sniffed, "image/tiff"), "thumbs").convert is False


def test_what_is_readable_is_a_rule() -> None:
    assert admitted(seen("image/heic"), ready=True, rules={"readable": frozenset({"image/heic"})}).as_it_is is False
    assert refusal(seen(), ready=True, rules={"readable": frozenset({"image/heic"})})[0] == "format-not-served"


def test_an_ingest_that_needs_nothing_of_its_origin_is_admitted() -> None:
    assert admit(make_plan(), None, make_facts(), make_rules()) == Admitted()


def test_a_file_may_be_empty() -> None:
    assert admitted(seen(None, bytes=0), "file").bytes == 0


@pytest.mark.parametrize(
    ("what", "code", "message"),
    [
        (seen(bytes=0), "image-empty", "the origin is there, but has no bytes"),
        (seen(bytes=2001), "image-too-large", "the origin has 2001 bytes; at most 2000 are taken"),
        (
            seen(header=header(size=Size(101, 100))),
            "image-too-large",
            "the image has 101 x 100 = 10100 pixels; at most 10000 are taken",
        ),
    ],
)
def test_what_is_empty_or_too_large_is_refused(what: Seen, code: str, message: str) -> None:
    assert refusal(what, rules={"max_bytes": 2000, "max_pixels": 10_000}) == (code, message)


def test_the_limits_themselves_are_taken() -> None:
    what = seen(bytes=2000, header=header(size=Size(100, 100)))
    assert admitted(what, rules={"max_bytes": 2000, "max_pixels": 10_000}).size == Size(100, 100)
    assert (
        "101 x 100 = 10100 pixels" in refusal(seen(header=header(size=Size(101, 100))), rules={"max_pixels": 10_000})[1]
    )


TILE_READY = header(format=ImageFormat.JP2, tile_ready=True)


@pytest.mark.parametrize(
    ("what", "taken"),
    [
        (seen("image/jp2", header=TILE_READY), True),
        (seen("image/jp2", header=header(format=ImageFormat.JP2)), False),
        (seen("image/jp2"), False),
        (seen("image/j2c", header=header(format=ImageFormat.J2K, tile_ready=True)), False),
        (seen("image/jp2", header=header(format=ImageFormat.JP2, tile_ready=True, htj2k=True)), False),
        (seen("image/jph", header=header(format=ImageFormat.JPH, tile_ready=True, htj2k=True)), False),
    ],
)
def test_a_tile_ready_jp2_is_taken_as_it_is_and_nothing_else(what: Seen, taken: bool) -> None:
    leave = admitted(what)
    assert (leave.as_it_is, leave.convert) == (taken, not taken)


def test_high_throughput_jpeg_2000_is_taken_as_it_is_where_the_server_reads_it() -> None:
    what = seen("image/jph", header=header(format=ImageFormat.JPH, tile_ready=True, htj2k=True))
    assert admitted(what, rules={"readable": frozenset({"image/jph"})}).as_it_is


def test_a_policy_that_asks_more_converts_a_tile_ready_jp2_too() -> None:
    facts = make_facts()
    plan = make_plan(channels=make_channels("iiif-img", ready=True))
    leave = admit(plan, seen("image/jp2", header=TILE_READY), facts, make_rules())
    assert leave == Admitted("image/jp2", convert=False, as_it_is=False, size=SIZE, bytes=1000)


@pytest.mark.parametrize(
    ("channels", "what", "stores"),
    [
        (("file",), seen(), 1000),
        (("thumbs",), seen(), 0),
        (("iiif-img",), seen(), 0),
        (("iiif-img",), seen("image/jp2", header=TILE_READY), 1000),
        (("file", "iiif-img"), seen(), 1000),
        (("file", "iiif-img"), seen("image/jp2", header=TILE_READY), 2000),
    ],
)
def test_quota_is_asked_again_with_what_will_certainly_be_stored(
    channels: tuple[str, ...], what: Seen, stores: int
) -> None:
    for total, fits in ((10_000 - stores, True), (10_001 - stores, stores == 0)):
        storage = Storage(maximum=10_000, customer_total=total + 5 if stores else 0, asset_bytes=5 if stores else 0)
        leave = answer(what, *channels, storage=storage)
        assert isinstance(leave, Admitted) is fits


@pytest.mark.parametrize(
    ("channels", "made", "over"),
    [
        (("iiif-img",), 500, False),
        (("iiif-img",), 501, True),
        (("file", "iiif-img"), 300, False),
        (("file", "iiif-img"), 301, True),
    ],
)
def test_what_was_made_must_fit_the_quota_beside_the_original_that_is_kept(
    channels: tuple[str, ...], made: int, over: bool
) -> None:
    facts = make_facts(
        channels=make_channels(*channels), storage=Storage(maximum=1000, customer_total=600, asset_bytes=100)
    )
    plan = make_plan(channels=facts.channels)
    leave = Admitted("image/tiff", convert=True, bytes=200)
    refused = admit_derivative(plan, leave, made, facts, make_rules())
    assert (refused is not None) is over
    if refused:
        assert refused.reason.code == "over-quota"
    assert admit_derivative(plan, leave, made, facts, make_rules(quota_exempt=frozenset({99}))) is None


def test_what_was_not_converted_was_asked_about_before() -> None:
    facts = make_facts(storage=Storage(maximum=1))
    leave = Admitted("image/jp2", as_it_is=True, bytes=200)
    assert admit_derivative(make_plan(), leave, 200, facts, make_rules()) is None
