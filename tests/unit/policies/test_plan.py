"""PLAN: the whole table, enumerated against the table as people wrote it, and everything that no row is for."""

from __future__ import annotations

from itertools import chain, combinations, product
from typing import Any

import pytest

from images.recipe import NAMED
from policies.decision_table import TABLE
from policies.facts import Storage
from policies.outcome import Refused
from policies.plan import (
    Fetch,
    IngestPlan,
    Location,
    Place,
    ReadFrom,
    StrategyKind,
    counts_to_quota,
    image_location,
    may_leave_objects,
    plan_ingest,
    read_in_place,
)
from policies.reasons import ORIGIN_ADDRESS_UNUSABLE
from tests.unit.policies.make import (
    ASSET,
    HTTP,
    make_channels,
    make_facts,
    make_place,
    make_plan,
    make_policy,
    make_rules,
    sizes,
)

PAPER = """
none                |  -  |  -  | nothing | no  | -        | -          | -
file                |  -  | no  | whole   | no  | original | -          | -
file                |  -  | yes | nothing | no  | -        | -          | -
iiif-img            | no  | no  | whole   | yes | -        | derivative | derivative
iiif-img            | no  | yes | whole   | yes | -        | derivative | derivative
iiif-img            | yes | no  | whole   | no  | original | original   | original
iiif-img            | yes | yes | header  | no  | -        | origin     | origin
file iiif-img       | no  | no  | whole   | yes | original | derivative | derivative
file iiif-img       | no  | yes | whole   | yes | -        | derivative | derivative
file iiif-img       | yes | no  | whole   | no  | original | original   | original
file iiif-img       | yes | yes | header  | no  | -        | origin     | origin
thumbs              |  -  | no  | whole   | no  | -        | -          | transient
thumbs              |  -  | yes | header  | no  | -        | -          | origin
file thumbs         |  -  | no  | whole   | no  | original | -          | original
file thumbs         |  -  | yes | header  | no  | -        | -          | origin
"""
"""Channels, ready, optimised: fetch, convert, original kept, location, thumbnails read from."""

IN_S3 = "s3://other/page-1.tif"
OPTIMISED = make_place(IN_S3, optimised=True)


def on_paper() -> dict[tuple[str, bool, bool], tuple[str, ...]]:
    """The table as a mapping; a dash among the conditions stands for both, `[+thumbs]` is spelt out."""
    table = {}
    for line in PAPER.strip().splitlines():
        channels, ready, optimised, *done = (cell.strip() for cell in line.split("|"))
        names = [channels, f"{channels} thumbs"] if "iiif-img" in channels else [channels]
        for name, is_ready, is_optimised in product(names, _both(ready), _both(optimised)):
            table[" ".join(sorted(name.split())), is_ready, is_optimised] = tuple(done)
    return table


def _both(cell: str) -> tuple[bool, ...]:
    return {"yes": (True,), "no": (False,), "-": (True, False)}[cell]


def as_cells(plan: IngestPlan) -> tuple[str, ...]:
    """A plan in the words of the table."""
    return (
        plan.fetch,
        "yes" if plan.recipe else "no",
        "original" if plan.keep_original else "-",
        plan.location or "-",
        plan.thumbs_from or "-",
    )


ALL = ("iiif-img", "thumbs", "file", "none", "iiif-av", "nonsense")
COMBINATIONS = [tuple(some) for some in chain.from_iterable(combinations(ALL, count) for count in range(len(ALL) + 1))]
MEDIA_TYPES = ("image/tiff", "IMAGE/JPEG", "image/unknown", "unknown", "", "video/mp4", "application/pdf")


@pytest.mark.parametrize("channels", COMBINATIONS, ids=" ".join)
def test_every_combination_is_planned_as_the_table_says_or_refused(channels: tuple[str, ...]) -> None:
    table = on_paper()
    for media_type, (ready, optimised, before) in product(MEDIA_TYPES, product((True, False), repeat=3)):
        facts = make_facts(
            channels=make_channels(*channels, ready=ready), media_type=media_type, ingested_before=before
        )
        answer = plan_ingest(facts, OPTIMISED if optimised else make_place(), make_rules())
        row = table.get((" ".join(sorted(channels)), ready, optimised))
        image = {"iiif-img", "thumbs"} & set(channels)
        if row is None or (image and media_type in {"video/mp4", "application/pdf"}):
            assert isinstance(answer, Refused)
            assert answer.reason.code == _why(channels)
        else:
            assert isinstance(answer, IngestPlan)
            assert as_cells(answer) == row
            assert answer.image_work is bool(image)
            assert bool(answer.thumb_sizes) is bool(image)
            assert answer.ingested_before is before
            assert answer.declared_media_type == media_type


def _why(channels: tuple[str, ...]) -> str:
    if not channels:
        return "channels-missing"
    if "nonsense" in channels:
        return "channel-unknown"
    if "iiif-av" in channels:
        return "channel-unsupported"
    return "channels-contradict" if "none" in channels else "not-an-image"


@pytest.mark.parametrize(
    ("channels", "message"),
    [
        ((), "the asset has no delivery channel"),
        (("iiif-3d",), 'expected iiif-img, thumbs, file, none, not the channel "iiif-3d"'),
        (("iiif-av",), "the channel iiif-av (audio and video) is not supported"),
        (("none", "thumbs", "file"), "the channel none stands beside others: file, thumbs"),
        (
            ("file", "thumbs", "iiif-img"),
            (
                "the channel iiif-img and thumbs is for images, but the asset's media type is "
                '"video/mp4"; only the channel file alone takes any type'
            ),
        ),
    ],
)
def test_a_refusal_says_which_channel_and_why(channels: tuple[str, ...], message: str) -> None:
    facts = make_facts(channels=make_channels(*channels), media_type="video/mp4")
    answer = plan_ingest(facts, make_place(), make_rules())
    assert isinstance(answer, Refused)
    assert answer.reason.message == message


def test_rows_have_names_that_people_can_tell_apart() -> None:
    assert make_plan(channels=make_channels("file", "iiif-img")).row == "file + iiif-img"
    names = [row.text for row in dict.fromkeys(TABLE.values())]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("place", "fetch"),
    [
        (make_place(), Fetch.WHOLE),
        (make_place(IN_S3), Fetch.COPY),
        (make_place(IN_S3, credentials="{}"), Fetch.WHOLE),
        (make_place(IN_S3, optimised=True), Fetch.NOTHING),
    ],
)
def test_a_file_in_s3_is_copied_there_if_our_own_credentials_open_it(place: Place, fetch: Fetch) -> None:
    assert make_plan(place=place, channels=make_channels("file"), media_type="video/mp4").fetch is fetch


def test_a_copy_inside_s3_is_for_files_alone() -> None:
    for channels in (("file", "iiif-img"), ("file", "thumbs"), ("thumbs",)):
        assert make_plan(place=make_place(IN_S3), channels=make_channels(*channels)).fetch is Fetch.WHOLE


def test_the_sizes_of_the_policy_come_first_then_the_systems_each_once() -> None:
    plan = make_plan(channels=make_channels("iiif-img", "thumbs"))
    assert plan.policy_sizes == sizes("!1024,1024", "!400,400")
    assert plan.thumb_sizes == sizes("!1024,1024", "!400,400", "!100,100", "!200,200")


def test_the_systems_sizes_are_made_without_the_channel_thumbs_too() -> None:
    plan = make_plan(channels=make_channels("iiif-img"))
    assert plan.policy_sizes == ()
    assert plan.thumb_sizes == make_rules().default_thumbs
    assert make_plan(channels=make_channels("file")).thumb_sizes == ()


@pytest.mark.parametrize(
    ("data", "ready"), [(None, True), ("{}", True), ('{"codec": "j2k"}', True), ('{"ratio": 12}', False)]
)
def test_tile_ready_originals_are_taken_as_they_are_if_the_policy_asks_nothing_else(data: Any, ready: bool) -> None:
    [channel] = make_channels("iiif-img")
    plan = make_plan(channels=(type(channel)("iiif-img", make_policy(data=data)),))
    assert plan.take_tile_ready is ready
    assert (plan.recipe == NAMED["default"]) is ready


def test_what_is_not_converted_takes_nothing_as_a_derivative() -> None:
    assert make_plan(channels=make_channels("iiif-img", ready=True)).take_tile_ready is False
    assert make_plan(channels=make_channels("thumbs")).take_tile_ready is False


def test_of_two_rows_for_one_channel_the_first_holds() -> None:
    first, second = make_channels("iiif-img"), make_channels("iiif-img", ready=True)
    assert make_plan(channels=first + second).location is Location.DERIVATIVE
    assert make_plan(channels=second + first).location is Location.ORIGINAL


@pytest.mark.parametrize(
    ("channel", "data", "expected"),
    [
        ("thumbs", None, "null: expected a JSON list of IIIF sizes"),
        ("thumbs", '["!0,0"]', "entry 1, '!0,0' is no size: expected a IIIF 3.0 size"),
        ("thumbs", "{}", "is no list"),
        ("iiif-img", '{"ratio": -1}', "ratio: expected"),
        ("iiif-img", "[", "recipe: expected null or a JSON object"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_by_name_field_and_expectation(
    channel: str, data: str | None, expected: str
) -> None:
    [row] = make_channels(channel)
    channels = (type(row)(channel, make_policy(channel, "museum", customer=99, data=data)),)
    answer = plan_ingest(make_facts(channels=channels), make_place(), make_rules())
    assert isinstance(answer, Refused)
    assert answer.reason.code == "policy-invalid"
    assert answer.reason.message.startswith(f'{channel} policy "museum" (customer 99), PolicyData: ')
    assert expected in answer.reason.message


def test_what_nobody_asks_of_a_policy_does_not_matter() -> None:
    [row] = make_channels("file")
    channels = (type(row)("file", make_policy("file", "odd", data="[")),)
    assert make_plan(channels=channels).row == "file"


def test_an_origin_that_cannot_be_fetched_only_matters_to_those_who_need_it() -> None:
    nowhere = Refused(ORIGIN_ADDRESS_UNUSABLE.of("the asset has no origin"))
    assert plan_ingest(make_facts(), nowhere, make_rules()) == nowhere
    plan = plan_ingest(make_facts(channels=make_channels("none"), origin=""), nowhere, make_rules())
    assert isinstance(plan, IngestPlan)
    assert plan.place == Place(StrategyKind.DEFAULT, "", ASSET)


@pytest.mark.parametrize(
    ("total", "held", "fits"),
    [(0, 0, True), (900, 0, True), (901, 0, False), (1000, 100, True), (1001, 100, False), (1001, 101, True)],
)
def test_quota_is_asked_before_anything_is_fetched(total: int, held: int, fits: bool) -> None:
    storage = Storage(maximum=1000, customer_total=total, asset_bytes=held)
    for channels in (("file",), ("iiif-img",), ("thumbs",), ("none",)):
        answer = plan_ingest(make_facts(storage=storage, channels=make_channels(*channels)), OPTIMISED, make_rules())
        if fits or channels == ("none",):
            assert isinstance(answer, IngestPlan)
        else:
            assert isinstance(answer, Refused)
            assert (answer.reason.code, answer.reason.message) == ("over-quota", "StoragePolicy size limit exceeded")


def test_a_storage_policy_without_a_row_promises_nothing_except_to_the_exempt() -> None:
    facts = make_facts(storage=Storage(policy="gold", maximum=None))
    answer = plan_ingest(facts, make_place(), make_rules())
    assert isinstance(answer, Refused)
    assert answer.reason.code == "quota-unknown"
    assert '"gold" of customer 99' in answer.reason.message
    assert isinstance(plan_ingest(facts, make_place(), make_rules(quota_exempt=frozenset({99}))), IngestPlan)


@pytest.mark.parametrize("channel", ["iiif-img", "thumbs", "file"])
def test_what_is_stored_counts_unless_the_channel_is_none_or_the_customer_exempt(channel: str) -> None:
    plan = make_plan(channels=make_channels(channel))
    assert counts_to_quota(plan, make_rules())
    assert not counts_to_quota(plan, make_rules(quota_exempt=frozenset({99})))
    assert not counts_to_quota(make_plan(channels=make_channels("none")), make_rules())


@pytest.mark.parametrize(
    ("channels", "held", "before", "may"),
    [
        (("none",), Storage(maximum=1), False, False),
        (("none",), Storage(maximum=1), True, True),
        (("none",), Storage(maximum=1, asset_bytes=1), False, True),
        (("none",), Storage(maximum=1, asset_thumb_bytes=1), False, True),
        (("file",), Storage(maximum=100), False, True),
    ],
)
def test_only_what_never_stored_anything_can_leave_nothing_behind(
    channels: tuple[str, ...], held: Storage, before: bool, may: bool
) -> None:
    plan = make_plan(channels=make_channels(*channels), storage=held, ingested_before=before)
    assert may_leave_objects(plan) is may


def test_locations_are_written_with_a_region_where_the_house_wants_it() -> None:
    def location(place: Place, region: str | None, **given: Any) -> str | None:
        rules = make_rules(region=region)
        return image_location(make_plan(place=place, rules=rules, **given), rules)

    ready = make_channels("iiif-img", ready=True)
    elsewhere = make_place("s3://us-east-1/other/page-1.tif", optimised=True)
    assert location(make_place(), None) == "s3://storage/99/1/page-1"
    assert location(make_place(), "eu-west-1") == "s3://eu-west-1/storage/99/1/page-1"
    assert location(make_place(), None, channels=ready) == "s3://storage/99/1/page-1/original"
    assert location(make_place(), "eu-west-1", channels=ready) == "s3://eu-west-1/storage/99/1/page-1/original"
    assert location(OPTIMISED, None, channels=ready) == IN_S3
    assert location(OPTIMISED, "eu-west-1", channels=ready) == "s3://eu-west-1/other/page-1.tif"
    assert location(elsewhere, None, channels=ready) == "s3://other/page-1.tif"
    assert location(elsewhere, "eu-west-1", channels=ready) == "s3://us-east-1/other/page-1.tif"
    assert location(make_place(), None, channels=make_channels("thumbs")) is None


@pytest.mark.parametrize(("length", "fits"), [(500, True), (501, False)])
def test_a_location_that_its_column_cannot_hold_is_refused(length: int, fits: bool) -> None:
    uri = "s3://other/".ljust(length, "k")
    facts = make_facts(channels=make_channels("iiif-img", ready=True))
    answer = plan_ingest(facts, make_place(uri, optimised=True), make_rules())
    if fits:
        assert isinstance(answer, IngestPlan)
    else:
        assert isinstance(answer, Refused)
        assert answer.reason.code == "location-too-long"
        assert "holds 500 characters" in answer.reason.message
        assert "has 501" in answer.reason.message


def test_the_image_server_reads_an_origin_in_place_the_first_time_only() -> None:
    ready = make_channels("iiif-img", ready=True)
    assert read_in_place(make_plan(place=OPTIMISED, channels=ready))
    assert not read_in_place(make_plan(place=OPTIMISED, channels=ready, ingested_before=True))
    assert not read_in_place(make_plan(channels=ready))
    assert make_plan(channels=ready).thumbs_from is ReadFrom.ORIGINAL


def test_who_may_see_is_carried_along() -> None:
    plan = make_plan(max_unauthorised=400, roles=("https://my.dlcs/roles/clickthrough",))
    assert (plan.max_unauthorised, plan.auth_only) == (400, True)
    assert make_plan().auth_only is False
    assert make_plan().place.uri == HTTP
