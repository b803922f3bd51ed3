"""Reading a request: three forms, and any bytes at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.outcome import Unreadable
from policies.properties import LARGEST_INTEGER, LONGEST_BODY
from policies.request import AssetId, IngestRequest, Named, parse_asset_id, read_request, request_key

DLCS = {
    "id": {"customer": 99, "space": 1, "asset": "page-1"},
    "created": "2026-11-20T10:00:00Z",
    "batchId": 123,
}
FULL = {
    "id": "page-1",
    "customer": 99,
    "space": 1,
    "origin": "https://example.org/page-1.tif",
    "imageOptimisationPolicy": "https://my.dlcs/imageOptimisationPolicies/fastest",
    "thumbnailPolicy": "https://my.dlcs/thumbnailPolicies/museum",
    "deliveryChannels": ["iiif-img", "thumbs"],
    "mediaType": "image/tiff",
    "maxUnauthorised": -1,
    "batchId": 123,
}
NO_ID = "expected customer/space/asset, 220 characters at most, not "
PAGE = AssetId(99, 1, "page-1")
TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)


def read(message: Any) -> IngestRequest:
    """The request in a message that has one."""
    request = read_request(json.dumps(message))
    assert isinstance(request, IngestRequest), request
    return request


def why_not(message: Any) -> tuple[str, str]:
    """Why there is no request in a message: code and sentence."""
    unreadable = read_request(message if isinstance(message, str | bytes) else json.dumps(message))
    assert isinstance(unreadable, Unreadable), unreadable
    return unreadable.reason.code, unreadable.reason.message


def named(**properties: Any) -> Named:
    """What a full message with these properties says of its asset."""
    request = read({**FULL, **properties})
    assert request.named is not None
    return request.named


def test_the_dlcs_form_names_an_asset_of_the_database() -> None:
    assert read(DLCS) == IngestRequest(PAGE, TEN, 123)
    assert read({**DLCS, "id": "99/1/page-1"}) == IngestRequest(PAGE, TEN, 123)


def test_the_full_form_says_all_about_its_asset() -> None:
    assert read(FULL) == IngestRequest(
        PAGE,
        batch=123,
        named=Named(
            origin="https://example.org/page-1.tif",
            image_policy="fastest",
            thumbnail_policy="museum",
            channels=("iiif-img", "thumbs"),
            media_type="image/tiff",
            max_unauthorised=-1,
        ),
    )


def test_only_four_properties_of_the_full_form_are_required() -> None:
    short = {name: FULL[name] for name in ("id", "customer", "space", "origin")}
    assert read(short) == IngestRequest(PAGE, named=Named("https://example.org/page-1.tif"))
    for name in ("id", "customer", "space"):
        assert why_not({**short, name: None})[0] == "request-bad-id"
        assert why_not({key: value for key, value in short.items() if key != name})[0] == "request-bad-id"
    assert why_not({key: value for key, value in short.items() if key != "origin"})[0] == "request-bad-id"


@pytest.mark.parametrize("message", [DLCS, FULL])
def test_sns_is_unwrapped_once(message: Any) -> None:
    wrapped = {"TopicArn": "arn:aws:sns:eu-west-1:1:x", "Type": "Notification", "Message": json.dumps(message)}
    assert read(wrapped) == read(message)
    twice = {**wrapped, "Message": json.dumps(wrapped)}
    assert why_not(twice)[0] == "request-bad-id"
    assert why_not({**wrapped, "Message": "Hello"})[0] == "request-not-json"
    assert why_not({**wrapped, "Message": 7})[0] == "request-bad-id"
    assert why_not({"Message": json.dumps(message)})[0] == "request-bad-id"


def test_names_match_without_regard_to_case_and_unknown_ones_are_ignored() -> None:
    id_ = {"CUSTOMER": 99, "Space": 1, "aSSET": "page-1"}
    assert read({"ID": id_, "BATCHID": 123, "CReated": DLCS["created"]}) == read(DLCS)
    assert read({key.upper(): value for key, value in FULL.items()}) == read(FULL)
    assert read({**DLCS, "nonsense": {"a": [1, 2]}, "operation": 7}) == read(DLCS)


def test_of_two_names_that_differ_by_case_the_last_one_holds() -> None:
    assert read_request('{"Id": "1/1/a", "ID": "2/2/b"}') == IngestRequest(AssetId(2, 2, "b"))


def test_whole_numbers_may_arrive_as_strings_or_with_a_zero_fraction() -> None:
    assert read({"id": {"customer": "99", "space": "1", "asset": "page-1"}, "batchId": "123"}).batch == 123
    full = {**FULL, "customer": "99", "space": "1", "batchId": "123", "maxUnauthorised": "-1"}
    assert read(full) == read(FULL)
    assert read_request('{"id": {"customer": 99.0, "space": 1e0, "asset": "page-1"}}') == IngestRequest(PAGE)


def test_the_smallest_batch_is_1() -> None:
    assert read({**DLCS, "batchId": 1}).batch == 1


@pytest.mark.parametrize("batch", [0, -1, None, "0", "-5", -LARGEST_INTEGER, -(10**300), "-" + "9" * 20])
def test_a_batch_id_that_is_not_above_zero_means_no_batch(batch: Any) -> None:
    assert read({**DLCS, "batchId": batch}).batch is None


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("batchId", "many", "a whole number"),
        ("batchId", 1.5, "a whole number"),
        ("batchId", True, "a whole number"),
        ("batchId", "", "a whole number"),
        ("batchId", [1], "a whole number"),
        ("batchId", LARGEST_INTEGER + 1, "a whole number"),
        ("batchId", 10**300, "a whole number"),
        ("batchId", "1" * 21, "a whole number"),
        ("batchId", "٣", "a whole number"),
        ("maxUnauthorised", "all", "a whole number"),
        ("maxUnauthorised", -LARGEST_INTEGER - 1, "a whole number"),
        ("created", "yesterday", "a date"),
        ("created", "", "a date"),
        ("created", 20261120, "a date"),
        ("created", "2026-02-30T10:00:00Z", "a date"),
        ("created", "0001-01-01T00:00:00+05:00", "a date"),
        ("created", "9999-12-31T23:59:59-01:00", "a date"),
        ("origin", " \n", "an address"),
        ("origin", "", "an address"),
        ("origin", 7, "text"),
        ("origin", "https://example.org/\0", "text"),
        ("origin", "https://example.org/\ud800", "text"),
        ("mediaType", 7, "text"),
        ("imageOptimisationPolicy", ["fastest"], "text"),
        ("thumbnailPolicy", {"name": "museum"}, "text"),
        ("deliveryChannels", "iiif-img", "a list of texts"),
        ("deliveryChannels", [1], "a list of texts"),
        ("roles", ["a\0"], "a list of texts"),
    ],
)
def test_a_property_that_cannot_be_used_is_named_with_what_was_expected(name: str, value: Any, expected: str) -> None:
    code, message = why_not({**FULL, name: value})
    assert code == "request-bad-field"
    assert message.startswith(f"expected `{name}` to be {expected}")


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2026-11-20T10:00:00Z", TEN),
        ("2026-11-20T10:00:00", TEN),
        ("2026-11-20t10:00:00z", TEN),
        ("2026-11-20T11:00:00+01:00", TEN),
        ("2026-11-20T05:00:00-0500", TEN),
        ("2026-11-20T10:00:00.0000000Z", TEN),
        ("2026-11-20T10:00:00.1234567Z", TEN.replace(microsecond=123456)),
        ("2026-11-20T10:00:00.1234567+00:00", TEN.replace(microsecond=123456)),
        ("2026-11-20T10:00:00.5", TEN.replace(microsecond=500000)),
        ("2026-11-20", TEN.replace(hour=0)),
        (None, None),
        ("0001-01-01T00:00:00", None),
        ("0001-01-01T00:00:00Z", None),
    ],
)
def test_dates_are_read_as_dotnet_writes_them_and_without_a_zone_are_utc(text: Any, date: datetime | None) -> None:
    created = read({**DLCS, "created": text}).created
    assert created == date
    assert created is None or created.tzinfo is UTC


@pytest.mark.parametrize(
    ("policy", "name"),
    [
        ("museum", "museum"),
        (" museum ", "museum"),
        ("https://my.dlcs/thumbnailPolicies/museum", "museum"),
        ("https://my.dlcs/thumbnailPolicies/museum/", "museum"),
        ("https://my.dlcs/thumbnailPolicies/great%20museum?x=1#y", "great museum"),
        ("thumbnailPolicies/museum", "museum"),
        ("https://my.dlcs/thumbnailPolicies/BOX/?a?b#c#d", "BOX"),
        ("https://my.dlcs/thumbnailPolicies/museum#a?b", "museum"),
        ("", None),
        (" ", None),
        ("/", None),
        (None, None),
    ],
)
def test_a_policy_is_a_name_or_the_last_segment_of_a_uri(policy: str | None, name: str | None) -> None:
    assert named(thumbnailPolicy=policy, imageOptimisationPolicy=policy).thumbnail_policy == name
    assert named(thumbnailPolicy=policy, imageOptimisationPolicy=policy).image_policy == name


def test_lists_lose_blanks_and_an_empty_list_of_channels_names_none() -> None:
    assert named(deliveryChannels=[" file ", ""]).channels == ("file",)
    assert named(deliveryChannels=[]).channels is None
    assert named(roles=["https://my.dlcs/roles/clickthrough"]).roles == ("https://my.dlcs/roles/clickthrough",)
    assert named(roles=[]).roles == ()
    assert named(roles=None).roles is None
    assert named(mediaType=" ").media_type is None


def test_an_origin_keeps_its_spaces() -> None:
    assert named(origin="s3://bucket/a key ").origin == "s3://bucket/a key "


def test_the_id_of_a_full_message_may_say_all_again_and_must_agree() -> None:
    assert read({**FULL, "id": "99/1/page-1"}) == read(FULL)
    assert read({**FULL, "id": {"customer": 99, "space": "1", "asset": "page-1"}}) == read(FULL)
    for contradiction in ("98/1/page-1", {"customer": 99, "space": 2, "asset": "page-1"}):
        code, message = why_not({**FULL, "id": contradiction})
        assert code == "request-bad-id"
        assert message.endswith("/page-1', but customer 99, space 1")
        assert message.startswith(("`id` is '98/1", "`id` is '99/2"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "page-1",
        "99/page-1",
        "99/1/",
        "/99/1/page-1",
        "99/1/a/b",
        "-1/1/a",
        "99/-1/a",
        "99/1.0/a",
        "x/1/a",
        "99//a",
        "+9/1/a",
        "٣/1/a",
        f"{LARGEST_INTEGER + 1}/1/a",
        f"1/{LARGEST_INTEGER + 1}/a",
        "1/1/a\0",
        "1/1/a\ud800",
        "1/1/" + "a" * 217,
    ],
)
def test_an_id_is_customer_space_asset_exactly(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_asset_id(text)
    assert why_not({"id": text})[0] == "request-bad-id"


def test_ids_may_hold_anything_else_up_to_220_characters() -> None:
    assert parse_asset_id("0/0/ä b+%2F?#\n") == AssetId(0, 0, "ä b+%2F?#\n")
    assert parse_asset_id("099/1/a") == AssetId(99, 1, "a")
    assert len(str(parse_asset_id("1/1/" + "a" * 216))) == 220
    assert parse_asset_id(f"{LARGEST_INTEGER}/{LARGEST_INTEGER}/a").space == LARGEST_INTEGER


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        True,
        [],
        ["99/1/a"],
        {},
        {"customer": 99, "space": 1},
        {"customer": 99, "space": 1, "asset": 7},
        {"customer": 99, "space": 1, "asset": ""},
        {"customer": 99, "space": 1, "asset": "a/b"},
        {"customer": True, "space": 1, "asset": "a"},
        {"customer": 1.5, "space": 1, "asset": "a"},
        {"customer": -1, "space": 1, "asset": "a"},
        {"customer": 10**300, "space": 1, "asset": "a"},
        {"customer": 1, "space": "", "asset": "a"},
    ],
)
def test_an_id_of_another_kind_is_unreadable(value: Any) -> None:
    assert why_not({"id": value})[0] == "request-bad-id"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[1]",
        b'"99/1/a"',
        b"{",
        b'{"id": NaN}',
        b'{"id": "99/1/a", "x": Infinity}',
        b'{"id": "99/1/a", "x": ' + b"1" * 5000 + b"}",
        "[" * 100_000,
        '{"id":' * 100_000,
        b'{"id": "99/1/a"}' + b" " * LONGEST_BODY,
    ],
)
def test_what_is_no_json_object_is_unreadable(body: bytes | str) -> None:
    assert why_not(body)[0] == "request-not-json"


def test_a_body_may_be_as_long_as_a_queue_carries_and_begin_with_a_byte_order_mark() -> None:
    body = b'\xef\xbb\xbf{"id": "99/1/page-1"}'
    assert read_request(body) == read_request(body.decode()) == IngestRequest(PAGE)
    assert read_request(body + b" " * (LONGEST_BODY - len(body))) == IngestRequest(PAGE)


def test_what_a_message_shows_of_a_value_is_short_and_in_ascii() -> None:
    for value in ("é\n" * 5000, [["x"] * 5000], {"x": 1}, int("9" * 4000), None, 10**41):
        message = why_not({**DLCS, "id": {"customer": value, "space": 1, "asset": "a"}})[1]
        assert message.isascii()
        assert message.isprintable()
        assert len(message) < 250
    assert "null" in why_not({"id": None})[1]
    assert "a list" in why_not({"id": []})[1]
    assert "an object" in why_not({"id": {"asset": {}}})[1]
    assert "a very long number" in why_not({"id": 10**41})[1]
    assert str(10**40) in why_not({"id": 10**40})[1]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("[1]", "expected a JSON object, not a list"),
        ('"x"', "expected a JSON object, not 'x'"),
        ("7", "expected a JSON object, not 7"),
        ('{"x": NaN}', "expected a JSON object: NaN is no JSON"),
        (" " * (LONGEST_BODY + 1), f"expected at most {LONGEST_BODY} bytes, not {LONGEST_BODY + 1}"),
        ('{"id": null}', "expected `id` to be customer/space/asset, not null"),
        ('{"id": []}', "expected `id` to be customer/space/asset, not a list"),
        ('{"id": "a/b"}', "expected customer/space/asset, 220 characters at most, not 'a/b'"),
        ('{"id": "1/9999999999/a"}', "expected a customer and a space up to 2147483647, not '1/9999999999/a'"),
        ('{"id": "1/1/a\\u0000"}', "expected an id that a database can hold, not '1/1/a\\x00'"),
        ('{"id": {"asset": {}}}', "expected `asset` in `id` to be text, not an object"),
        ('{"id": {"asset": "a"}}', "expected whole numbers, not customer null, space null"),
        ('{"id": {"asset": "a", "customer": 1, "space": "x"}}', "expected whole numbers, not customer 1, space 'x'"),
        ('{"id": {"asset": "a", "customer": 1.5, "space": 2}}', "expected whole numbers, not customer 1.5, space 2"),
        ('{"id": "1/1/a", "created": 7}', "expected `created` to be a date such as 2026-11-20T10:00:00Z, not 7"),
        ('{"id": "1/1/a", "created": "x"}', "expected `created` to be a date such as 2026-11-20T10:00:00Z, not 'x'"),
        ('{"id": "1/1/a", "batchId": "x"}', "expected `batchId` to be a whole number, not 'x'"),
        ('{"id": "a", "customer": 1, "space": 1, "origin": 7}', "expected `origin` to be text, not 7"),
        ('{"id": "a", "customer": 1, "space": 1, "origin": " "}', "expected `origin` to be an address, not ' '"),
        (
            '{"id": "a", "customer": 1, "space": 1, "origin": "x", "roles": {}}',
            "expected `roles` to be a list of texts, not an object",
        ),
        ('{"id": "' + "a" * 78 + '"}', "expected customer/space/asset, 220 characters at most, not '" + "a" * 78 + "'"),
        (
            '{"id": "' + "a" * 79 + '"}',
            "expected customer/space/asset, 220 characters at most, not '" + "a" * 76 + "...",
        ),
        ('{"id": 1' + "0" * 41 + "}", "expected `id` to be customer/space/asset, not a very long number"),
    ],
)
def test_what_is_unreadable_says_what_was_expected_and_what_was_there(body: str, message: str) -> None:
    assert why_not(body)[1] == message


def test_every_half_of_a_surrogate_pair_is_refused() -> None:
    for half in ("\ud800", "\udbff", "\udc00", "\udfff"):
        assert why_not({"id": f"1/1/{half}"})[0] == "request-bad-id"
    for whole in ("\ud7ff", "\ue000", "\U0001f600"):
        assert read({"id": f"1/1/{whole}"}).asset.asset == whole


def test_the_key_of_a_message_is_what_tells_it_from_others() -> None:
    request = read(DLCS)
    assert request_key(request, "m") == "2026-11-20T10:00:00+00:00/123/99/1/page-1"
    assert request_key(read({**DLCS, "batchId": 0}), "m") == "2026-11-20T10:00:00+00:00/0/99/1/page-1"
    assert request_key(read({"id": "99/1/page-1", "batchId": 5}), "m") == "message/m"


ids = st.builds(
    lambda customer, space, asset: f"{customer}/{space}/{asset}",
    st.integers(0, LARGEST_INTEGER),
    st.integers(0, LARGEST_INTEGER),
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=190),
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=30)
    | st.sampled_from(["99/1/a", "a", "99", "2026-11-20T10:00:00Z", "https://example.org/"])
)
properties = st.sampled_from(
    [
        "id",
        "ID",
        "customer",
        "space",
        "asset",
        "origin",
        "created",
        "batchId",
        "Message",
        "TopicArn",
        "deliveryChannels",
        "roles",
        "mediaType",
        "maxUnauthorised",
        "thumbnailPolicy",
        "imageOptimisationPolicy",
    ]
)
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(properties, inner), max_leaves=8)


@given(ids)
def test_every_id_reads_back_as_it_is_written(text: str) -> None:
    assert str(parse_asset_id(text)) == text
    assert str(read({"id": text}).asset) == text


@given(st.binary() | st.text(st.characters()))
def test_any_bytes_are_a_request_or_unreadable(body: bytes | str) -> None:
    assert isinstance(read_request(body), IngestRequest | Unreadable)


@given(st.dictionaries(properties, values, max_size=8))
def test_any_json_is_a_request_that_a_database_can_hold_or_unreadable(message: dict[str, Any]) -> None:
    answer = read_request(json.dumps(message))
    if isinstance(answer, IngestRequest):
        assert parse_asset_id(str(answer.asset)) == answer.asset
        assert "\0" not in repr(answer)
        assert request_key(answer, "m").encode()
    else:
        assert answer.reason.message.encode()


@given(st.integers(0, 5))
def test_only_what_is_wrapped_once_at_most_is_read(times: int) -> None:
    body = json.dumps(DLCS)
    for _ in range(times):
        body = json.dumps({"TopicArn": "arn", "Message": body})
    assert isinstance(read_request(body), IngestRequest if times <= 1 else Unreadable)
