"""Explaining: the answers of the decisions, for people and programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import chain, combinations, product
from typing import Any

import pytest

from images.size import Size
from policies.explain import EXAMPLE, Asked, explain
from policies.explanation import Explanation, RequestLine, StrategyLine
from policies.facts import Channel, Storage
from policies.origin_strategy import Matched, match_strategy
from policies.outcome import Refused
from policies.plan import IngestPlan, plan_ingest
from tests.unit.policies.make import make_channels, make_facts, make_policy, make_rules, make_strategy

KNOWN = Asked(Size(4000, 3046))
OPTIMISED = make_strategy("^s3://other/", "s3-ambient", id="row", optimised=True)
IN_S3: dict[str, Any] = {"origin": "s3://other/page-1.tif", "strategies": (OPTIMISED,)}


def explained(*channels: str, asked: Asked | None = KNOWN, ready: bool = False, **given: Any) -> Explanation:
    """The explanation of an asset with these channels."""
    rules = make_rules(**given.pop("rules", {}))
    return explain(make_facts(channels=make_channels(*channels, ready=ready), **given), rules, asked)


def requests(made: Explanation, to: str) -> list[str]:
    return [line.request for line in made.requests if line.to == to]


def test_a_plain_image_is_explained_from_its_strategy_to_its_requests() -> None:
    made = explained("iiif-img", "thumbs", media_type="image/tiff")
    assert (made.asset, made.media_type, made.refusal) == ("99/1/page-1", "image/tiff", None)
    assert made.strategies[-1] == StrategyLine("built in: default", "default", "", "matched", "no other did")
    assert made.row == "iiif-img"
    assert made.stored == ("s3://storage/99/1/page-1", "s3://thumbs/99/1/page-1/s.json")
    assert made.location == "s3://storage/99/1/page-1"
    assert [(line.size, line.made) for line in made.thumbnails] == [
        ("1024,780", "asked as 1024,"),
        ("400,305", "derived from 1024,780"),
        ("200,152", "derived from 1024,780"),
        ("100,76", "derived from 1024,780"),
    ]
    assert made.thumbnails[0].key == "99/1/page-1/open/1024.jpg"
    assert {line.side for line in made.thumbnails} == {"open"}
    assert made.sizes_json == '{"o":[[1024,780],[400,305],[200,152],[100,76]],"a":[]}'
    assert requests(made, "origin") == ["GET https://example.org/page-1.tif"]
    assert requests(made, "image server") == [
        "GET /iiif/3/s3:%2F%2Fstorage%2Ftransient%2F{run}/full/1024,/0/default.jpg"
    ]
    [convert] = requests(made, "processor")
    body = json.loads(convert.removeprefix("POST /convert "))
    assert (body["imageId"], body["operation"], body["optimisation"]) == ("page-1", "image-only", "kdu_max")
    assert "thumbIIIFSizes" not in body
    assert made.steps == (
        "the origin is fetched, once",
        "the processor makes a JPEG 2000 of it, unless it is a tile-ready JPEG 2000 already",
        "thumbnails are rendered from the JPEG 2000, staged under a key of the run",
    )


def test_every_strategy_that_was_asked_is_listed_with_its_verdict() -> None:
    rows = (
        make_strategy("(", id="bad", order=1),
        make_strategy("nowhere", "sftp", id="not", order=2),
        make_strategy("EXAMPLE", id="yes", order=3, credentials="x"),
        make_strategy(".", id="never", order=4),
    )
    made = explained("file", strategies=rows)
    assert [(line.id, line.verdict) for line in made.strategies] == [
        ("bad", "bad regex"),
        ("not", "does not match"),
        ("yes", "matched"),
    ]
    assert made.place is not None
    assert (made.place.by, made.place.strategy) == ("yes", "default")
    assert (made.place.address, made.origin) == ("https://example.org/page-1.tif", "https://example.org/page-1.tif")
    assert made.strategies[0] == StrategyLine("bad", "default", "(", "bad regex", "missing )")
    assert made.strategies[1] == StrategyLine("not", "sftp", "nowhere", "does not match", "")
    assert made.strategies[2].detail == "example"


@pytest.mark.parametrize(
    ("credentials", "shown"),
    [("", "none"), ("enc:v1:x", "encrypted"), ("s3://security/99/x", "in the security bucket"), ("{}", "inline")],
)
def test_credentials_are_named_by_their_kind_alone(credentials: str, shown: str) -> None:
    row = make_strategy(".", "s3-ambient", credentials=credentials)
    made = explained("file", origin="s3://other/x", strategies=(row,))
    assert made.place is not None
    assert made.place.credentials == shown


def test_secrets_in_addresses_are_not_shown() -> None:
    origin = "https://user:hunter2@example.org/a.tif?sig=hunter3"
    row = make_strategy("hunter.*", id="row")
    for rows in ((), (row,)):
        made = explained("iiif-img", origin=origin, strategies=rows)
        assert "hunter2" not in json.dumps(asdict(made), default=str)
        assert made.strategies[-1].detail in {"something in an address with a secret", "no other did"}


def test_our_own_origin_bucket_and_default_are_named_as_built_in() -> None:
    made = explained("file", origin="s3://origin/99/x")
    assert made.place is not None
    assert (made.place.by, made.place.optimised) == ("built in: our own origin bucket", True)
    assert made.strategies[-1].id == "built in: our own origin bucket"
    made = explained("file")
    assert made.place is not None
    assert made.place.by == "built in: default"


def test_policies_say_where_they_come_from_and_what_they_mean() -> None:
    channels = (
        Channel("iiif-img", make_policy("iiif-img", "museum", id=7, customer=99, data='{"ratio": 12}')),
        Channel("thumbs", make_policy("thumbs", "default", id=3, system=True, data="1000,400")),
        Channel("file", make_policy("file", "none", id=4)),
    )
    image, thumbs, file = explain(make_facts(channels=channels), make_rules()).policies
    assert [line.channel for line in (image, thumbs, file)] == ["iiif-img", "thumbs", "file"]
    assert (image.policy, image.id, image.owner, image.data) == ("museum", 7, "customer 99", '{"ratio": 12}')
    assert "ratio 12" in image.means
    assert "rate" not in image.means
    assert image.means.startswith("codec j2k, reversible False, ratio 12.0, layers 1, ")
    assert (thumbs.owner, thumbs.means) == ("customer 1 (system)", "!1000,1000 !400,400")
    assert file.means == "nothing is made of it"
    [ready] = explained("iiif-img", ready=True).policies
    assert ready.means == "use-original: the original is served as it is"


@pytest.mark.parametrize("channel", ["iiif-img", "thumbs"])
def test_a_policy_that_makes_no_sense_says_so_twice(channel: str) -> None:
    channels = (Channel(channel, make_policy(channel, data="[")),)
    made = explain(make_facts(channels=channels), make_rules())
    assert made.refusal is not None
    assert made.refusal.code == "policy-invalid"
    assert made.policies[0].means == made.refusal.message
    assert "sluice policies check" in made.refusal.remedy
    assert (made.row, made.requests, made.steps) == (None, (), ())


def test_a_refusal_at_the_thumbnails_is_one_too() -> None:
    channels = (Channel("thumbs", make_policy("thumbs", data='["^90000,"]')),)
    made = explain(make_facts(channels=channels), make_rules(), Asked(Size(100, 100)))
    assert made.refusal is not None
    assert made.refusal.code == "thumbnail-too-large"


def test_an_origin_that_cannot_be_fetched_has_no_place() -> None:
    made = explained("iiif-img", origin="ftp://example.org/")
    assert made.place is None
    assert made.refusal is not None
    assert made.refusal.code == "origin-address-unusable"


def test_an_image_that_nobody_knows_is_predicted_by_example() -> None:
    made = explained("thumbs", asked=None)
    assert made.image is not None
    assert (made.image.size, made.image.known) == (str(EXAMPLE), False)
    made = explained("thumbs")
    assert made.image is not None
    assert (made.image.size, made.image.known) == ("4000,3046", True)
    assert explained("file").image is None
    assert explained("file").sizes_json is None


@pytest.mark.parametrize(
    ("storage", "exempt", "verdict"),
    [
        (Storage("gold", 1000, 900, 0), False, "there is room"),
        (Storage("gold", 1000, 950, 50), False, "there is room"),
        (Storage("gold", 1000, 901, 0), False, "StoragePolicy size limit exceeded"),
        (Storage("gold", 1000, 901, 0), True, "exempt"),
        (Storage("gold", None), False, 'storage policy "gold" of customer 99 has no row in "StoragePolicies"'),
    ],
)
def test_the_quota_is_shown_with_its_verdict(storage: Storage, exempt: bool, verdict: str) -> None:
    rules = {"quota_exempt": frozenset({99} if exempt else {})}
    quota = explained("file", storage=storage, rules=rules).quota
    assert quota.verdict == verdict
    assert (quota.policy, quota.maximum, quota.total, quota.exempt) == (
        "gold",
        storage.maximum,
        storage.customer_total,
        exempt,
    )


@pytest.mark.parametrize(
    ("strategy", "origin", "request_"),
    [
        ("default", "https://example.org/a", "GET https://example.org/a"),
        ("basic-http-authentication", "https://example.org/a", "GET https://example.org/a with Authorization: Basic"),
        ("sftp", "sftp://u@example.org/a", "SFTP open and read sftp://***@example.org/a"),
        ("s3-ambient", "s3://other/a", "GetObject s3://other/a"),
    ],
)
def test_the_request_of_the_origin_is_its_strategys(strategy: str, origin: str, request_: str) -> None:
    row = make_strategy(".", strategy, credentials='{"user": "u", "password": "p"}')
    assert requests(explained("iiif-img", origin=origin, strategies=(row,)), "origin") == [request_]


def test_a_copy_inside_s3_a_header_and_nothing_are_requests_of_their_own() -> None:
    ambient = (make_strategy(".", "s3-ambient"),)
    made = explained("file", origin="s3://other/a", strategies=ambient)
    assert (requests(made, "origin"), made.requests[1:]) == (["CopyObject s3://other/a"], ())
    assert made.steps == ("the origin is copied inside S3", "the original is kept")
    assert made.stored == ("s3://storage/99/1/page-1/original",)
    made = explained("iiif-img", ready=True, **IN_S3)
    assert requests(made, "origin") == ["GetObject s3://other/page-1.tif with Range, a few kilobytes"]
    made = explained("file", **IN_S3)
    assert (made.requests, made.steps) == ((), ("the origin is not touched", "the asset is marked as finished"))
    assert made.location is None


def test_an_optimised_origin_is_read_in_place_the_first_time_only() -> None:
    first = explained("iiif-img", ready=True, **IN_S3)
    again = explained("iiif-img", ready=True, ingested_before=True, **IN_S3)
    header = "only the header of the origin is read, in place; the rest if the processor makes the thumbnails"
    assert first.steps == (
        header,
        "thumbnails are rendered from the origin, in place",
        "the image server serves the origin itself",
    )
    assert requests(first, "image server") == [
        "GET /iiif/3/s3:%2F%2Fother%2Fpage-1.tif/full/1024,/0/default.jpg",
    ]
    assert again.steps[1] == (
        "thumbnails are rendered from a copy of the origin made inside S3, for it was ingested before"
    )
    assert "transient%2F{run}/full/1024," in requests(again, "image server")[0]
    assert first.location == "s3://other/page-1.tif"


def test_thumbnails_behind_the_login_are_told_apart() -> None:
    made = explained("iiif-img", max_unauthorised=400)
    assert [line.side for line in made.thumbnails] == ["auth", "open", "open", "open"]


def test_originals_and_staged_copies_are_read_where_they_lie() -> None:
    assert explained("iiif-img", ready=True).steps[1:] == (
        "the original is kept",
        "thumbnails are rendered from the original, staged under a key of the run",
    )
    assert explained("thumbs").steps[1:] == ("thumbnails are rendered from a staged copy, which is removed afterwards",)


def test_rules_of_the_house_show_in_what_is_kept() -> None:
    made = explained("file", "iiif-img", rules={"region": "eu-west-1"})
    assert made.location == "s3://eu-west-1/storage/99/1/page-1"
    assert made.stored[:2] == ("s3://storage/99/1/page-1/original", "s3://storage/99/1/page-1")
    assert "the original is kept" in made.steps


def test_where_the_processor_makes_the_thumbnails_the_image_server_is_not_asked() -> None:
    asked = Asked(Size(4000, 3046), thumbs_by_processor=True)
    made = explained("iiif-img", asked=asked)
    assert requests(made, "image server") == []
    body = json.loads(requests(made, "processor")[0].removeprefix("POST /convert "))
    assert body["operation"] == "ingest"
    assert body["thumbIIIFSizes"] == ["1024,780", "400,305", "200,152", "100,76"]
    channels = (Channel("thumbs", make_policy("thumbs", data='["^5000,"]')),)
    made = explain(make_facts(channels=channels), make_rules(default_thumbs=()), asked)
    body = json.loads(requests(made, "processor")[0].removeprefix("POST /convert "))
    assert body == {
        "imageId": "page-1",
        "operation": "derivatives-only",
        "optimisation": "kdu_max",
        "thumbIIIFSizes": ["^5000,3808"],
    }
    assert explained("file", asked=asked).requests == (RequestLine("origin", "GET https://example.org/page-1.tif"),)


def test_a_recipe_that_asks_more_takes_no_tile_ready_original() -> None:
    channels = (Channel("iiif-img", make_policy(data='{"optimisation": "kdu_med"}')),)
    made = explain(make_facts(channels=channels), make_rules())
    assert made.steps[1] == "the processor makes a JPEG 2000 of it"
    body = json.loads(requests(made, "processor")[0].removeprefix("POST /convert "))
    assert body["optimisation"] == "kdu_med"
    assert body["recipe"]["optimisation"] == "kdu_med"


NAMES = ("iiif-img", "thumbs", "file", "none", "iiif-av")
COMBINATIONS = [tuple(some) for some in chain.from_iterable(combinations(NAMES, count) for count in range(6))]


@pytest.mark.parametrize("channels", COMBINATIONS, ids=" ".join)
def test_every_combination_is_explained_as_an_ingest_decides_it(channels: tuple[str, ...]) -> None:
    rules = make_rules()
    for (ready, before), where, media_type in product(
        product((True, False), repeat=2), ({}, IN_S3), ("image/tiff", "video/mp4")
    ):
        facts = make_facts(
            channels=make_channels(*channels, ready=ready), media_type=media_type, ingested_before=before, **where
        )
        matched = match_strategy(facts.asset.origin, facts.asset.id, facts.strategies, rules)
        assert isinstance(matched, Matched)
        plan = plan_ingest(facts, matched.place, rules)
        made = explain(facts, rules, KNOWN)
        assert json.dumps(asdict(made), default=str)
        if isinstance(plan, Refused):
            assert made.refusal is not None
            assert made.refusal.message == plan.reason.message
        else:
            assert isinstance(plan, IngestPlan)
            assert made.row == plan.row
            assert bool(made.thumbnails) is plan.image_work
