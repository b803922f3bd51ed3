"""The rows that admins edit, looked at before any asset uses them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.policy_check import check_policy
from images.recipe import NAMED
from policies.adopt import matches
from policies.check import DefaultRow, Finding, Weight, check_defaults, check_policies
from policies.check_strategies import check_strategies
from policies.outcome import Refused
from policies.plan import plan_ingest
from policies.strategy_kind import StrategyKind
from tests.unit.policies.make import make_facts, make_place, make_policy, make_rules, make_strategy

FAILS, ODD = Weight.FAILS, Weight.ODD


def said(findings: list[Finding]) -> list[tuple[Weight, str]]:
    """How bad each finding is, and the problem."""
    return [(finding.weight, finding.problem) for finding in findings]


def of_policy(channel: str, name: str = "museum", data: str | None = None) -> list[Finding]:
    return check_policies([make_policy(channel, name, id=7, customer=99, data=data)])


@pytest.mark.parametrize(
    ("channel", "name", "data"),
    [
        ("iiif-img", "museum", None),
        ("iiif-img", "museum", '{"ratio": 12}'),
        ("iiif-img", "default", None),
        ("iiif-img", "use-original", None),
        ("iiif-img", "fastest", '{"codec": "htj2k"}'),
        ("thumbs", "museum", '["!400,400"]'),
        ("thumbs", "museum", "1000,400"),
        ("file", "none", None),
        ("none", "none", None),
        ("iiif-av", "default-audio", '["audio-mp3-128"]'),
    ],
)
def test_there_is_nothing_to_say_of_policies_that_make_sense(channel: str, name: str, data: str | None) -> None:
    assert of_policy(channel, name, data) == []


def test_a_policy_that_makes_no_sense_is_reported_with_what_to_write_instead() -> None:
    [finding] = of_policy("thumbs", data='["full"]')
    assert (finding.table, finding.row, finding.weight) == ("DeliveryChannelPolicies", "7", FAILS)
    assert finding.what == 'customer 99, thumbs policy "museum"'
    assert "`full` is IIIF 2, write `max`" in finding.problem
    assert finding.instead == '["!1024,1024", "!400,400", "!200,200", "!100,100"]'
    assert of_policy("thumbs", data=finding.instead) == []
    [finding] = of_policy("iiif-img", data='{"codec": "jpeg"}')
    assert finding.problem.startswith("codec: expected")
    assert finding.instead == "null, for the default recipe"
    [finding] = of_policy("iiif-3d")
    assert finding.problem.startswith("Channel: expected one of iiif-img")
    assert finding.instead == "one of iiif-img, thumbs, file, none, iiif-av"


def test_what_works_and_is_probably_not_meant_is_odd() -> None:
    for name in NAMED.keys() - {"default"}:
        assert said(of_policy("iiif-img", name)) == [(ODD, f"null is the default recipe, not {name}")]
    odd = "use-original converts nothing: its recipe is never used"
    assert said(of_policy("iiif-img", "use-original", "[")) == [(ODD, odd)]
    assert [finding.instead for finding in of_policy("iiif-img", "use-original", "[")] == ["null, or another name"]
    assert [finding.instead for finding in of_policy("file", "none", "{}")] == ["null"]
    assert [finding.instead for finding in of_policy("iiif-img", "fastest")] == [
        "the recipe fastest in PolicyData (docs/policies.md has it), or another name"
    ]
    assert said(of_policy("file", "none", "{}")) == [(ODD, "the channel file reads no PolicyData")]
    assert said(of_policy("none", "none", "")) == [(ODD, "the channel none reads no PolicyData")]
    assert said(of_policy("thumbs", "fastest", "400")) == []


@pytest.mark.parametrize(
    ("recipe", "instead"),
    [
        ('{"tiles": 1000}', "a multiple of 128, or fewer levels"),
        ('{"tiles": 1000, "levels": 4}', "a multiple of 16, or fewer levels"),
        ('{"tiles": 200, "levels": 32}', "a multiple of 128, or fewer levels"),
        ('{"tiles": 129, "levels": 0}', None),
        ('{"tiles": 1000, "levels": 3}', None),
        ('{"tiles": 256, "levels": 32}', None),
        ('{"tiles": null}', None),
    ],
)
def test_tiles_that_cannot_be_halved_as_often_as_asked_are_odd(recipe: str, instead: str | None) -> None:
    found = of_policy("iiif-img", data=recipe)
    problem = (ODD, "tiles: images whose last tile is halved to nothing are refused")
    assert said(found) == ([problem] if instead else [])
    assert [finding.instead for finding in found] == ([instead] if instead else [])


data = (
    st.none() | st.sampled_from(["[", "{}", '["!400,400"]', '{"ratio": 0}', "400", " ", "null"]) | st.text(max_size=9)
)


@given(st.sampled_from(["iiif-img", "thumbs", "file", "none"]), st.sampled_from(["museum", "use-original"]), data)
def test_what_fails_here_is_what_an_ingest_refuses_and_nothing_else(channel: str, name: str, data: str | None) -> None:
    policy = make_policy(channel, name, data=data)
    facts = make_facts()
    channels = (type(facts.channels[0])(channel, policy),)
    answer = plan_ingest(make_facts(channels=channels), make_place(), make_rules())
    fails = any(finding.weight is FAILS for finding in check_policies([policy]))
    assert fails is isinstance(answer, Refused) is (check_policy(channel, name, data) is not None)


def default(pattern: str, channel: str = "iiif-img", space: int = 0, owner: int = 99, **given: Any) -> DefaultRow:
    values: dict[str, Any] = {"id": f"{space}-{pattern}-{channel}", "customer": 99}
    policy = make_policy(channel, customer=owner)
    return DefaultRow(space=space, media_type=pattern, policy=policy, **{**values, **given})


@pytest.mark.parametrize(
    "pattern", ["image/*", "*", "*/*", "image/tiff", "IMAGE/JPEG", "unknown", "im*", "*known", "i*/*"]
)
@pytest.mark.parametrize("channel", ["iiif-img", "thumbs", "file"])
def test_there_is_nothing_to_say_of_defaults_that_can_work(pattern: str, channel: str) -> None:
    assert check_defaults([default(pattern, channel)]) == []
    assert check_defaults([default(pattern, channel, owner=1)]) == []


@pytest.mark.parametrize("pattern", ["video/*", "application/pdf", "audio/*", "x*"])
def test_image_channels_for_what_is_no_image_would_fail(pattern: str) -> None:
    problem = f'the channel thumbs is for images, and "{pattern}" fits none'
    assert said(check_defaults([default(pattern, "thumbs")])) == [(FAILS, problem)]
    assert check_defaults([default(pattern, "file")]) == []


def test_a_pattern_that_fits_nothing_never_works() -> None:
    [finding] = check_defaults([default("tiff", "file", space=3)])
    assert said([finding]) == [(FAILS, '"tiff" is no media type, so it fits none')]
    assert finding.what == "customer 99, space 3, tiff"
    assert (finding.table, finding.row) == ("DefaultDeliveryChannels", "3-tiff-file")
    assert finding.instead == "image/*, say, or image/tiff"
    assert default("image/*").place == "customer 99, all spaces, image/*"


def test_audio_and_video_and_other_customers_policies_are_odd() -> None:
    av = "the channel iiif-av is not supported: here such assets are refused"
    assert said(check_defaults([default("video/*", "iiif-av")])) == [(ODD, av)]
    [finding] = check_defaults([default("image/*", owner=98)])
    assert said([finding]) == [(ODD, "its policy is customer 98's")]
    assert finding.instead == "one of the customer's own, or the system's"
    [finding] = check_defaults([default("video/*", "iiif-av")])
    assert finding.instead == "another channel"
    [finding] = check_defaults([default("video/*", "thumbs")])
    assert finding.instead == "the channel file"


@pytest.mark.parametrize(
    ("pattern", "space", "customer", "clash"),
    [
        ("image/*", 0, 99, True),
        ("image/tiff", 0, 99, True),
        ("*", 0, 99, True),
        ("image/*", 5, 99, True),
        ("video/*", 0, 99, False),
        ("image/*", 6, 99, False),
        ("image/*", 0, 98, False),
    ],
)
def test_none_given_beside_others_would_fail(pattern: str, space: int, customer: int, clash: bool) -> None:
    none = default("image/*", "none", space=5, customer=99)
    other = default(pattern, "file", space=space, customer=customer, owner=customer)
    found = check_defaults([none, other, default("image/*", "none", space=0)])
    expected = [(FAILS, "the channel none is given beside file: such assets are refused")] if clash else []
    assert [one for one in said(found) if "beside" in one[1]][: len(expected)] == expected
    assert bool(said(check_defaults([none, other]))) is clash


def test_several_others_are_named_once_each_in_order() -> None:
    rows = [default("*", "none"), default("*", "thumbs"), default("image/*", "file"), default("*/*", "file")]
    [finding] = check_defaults(rows)
    assert (finding.table, finding.row, finding.weight) == ("DefaultDeliveryChannels", "0-*-none", FAILS)
    assert finding.what == "customer 99, all spaces, *"
    assert finding.problem == "the channel none is given beside file, thumbs: such assets are refused"
    assert finding.instead == "patterns that never fit the same asset, or only none"


@given(st.sampled_from(["image/*", "*", "image/tiff", "video/*", "im*"]), st.sampled_from(["image/tiff", "video/mp4"]))
def test_overlapping_patterns_are_found_to_clash(pattern: str, media_type: str) -> None:
    found = check_defaults([default(media_type, "none"), default(pattern, "file")])
    assert bool(found) is matches(pattern, media_type)


RULES = make_rules()
LOGIN = '{"User": "u", "password": ""}'
KEYS = '{"accessKeyId": "a", "SECRETaccesskey": "b"}'


def of_strategy(regex: str = "x", strategy: str = "default", **given: Any) -> list[tuple[Weight, str]]:
    return said(check_strategies([make_strategy(regex, strategy, **given)], given.pop("rules", RULES)))


@pytest.mark.parametrize(
    ("strategy", "credentials"),
    [
        ("default", ""),
        ("default", "whatever"),
        ("s3-ambient", ""),
        ("s3-ambient", KEYS),
        ("basic-http-authentication", LOGIN),
        ("sftp", LOGIN),
        ("sftp", '{"user": "u", "privateKey": "k"}'),
        ("sftp", "enc:v1:abc"),
        ("basic-http-authentication", "s3://security/99/origin-strategy/1/credentials.json"),
        ("basic-http-authentication", "s3://eu-west-1/security/99/x"),
    ],
)
def test_there_is_nothing_to_say_of_strategies_that_can_work(strategy: str, credentials: str) -> None:
    assert of_strategy(strategy=strategy, credentials=credentials) == []


def test_a_bad_regex_is_reported_as_the_row_that_never_matches() -> None:
    assert of_strategy("(") == [(FAILS, "Regex: missing ); the row never matches")]
    assert of_strategy("(?:(?:a{9}b){9}c){99}{99}{99}")[0][0] is FAILS
    for everything in ("", ".*", "^"):
        assert of_strategy(everything) == [(ODD, "Regex: found everywhere, so no later row is ever asked")]
        [finding] = check_strategies([make_strategy(everything)], RULES)
        assert finding.instead == "what only its origins have"
    [finding] = check_strategies([make_strategy("(")], RULES)
    assert finding.instead == "a regular expression of .NET's"


def test_a_strategy_that_there_is_not_would_fail() -> None:
    assert of_strategy(strategy="ftp") == [(FAILS, 'Strategy: "ftp" is none')]
    [finding] = check_strategies([make_strategy("x", "ftp")], RULES)
    assert finding.instead == f"one of {', '.join(StrategyKind)}"


@pytest.mark.parametrize(
    ("strategy", "credentials", "problem"),
    [
        ("sftp", " ", "missing: its assets are refused before any connection"),
        ("basic-http-authentication", "", "missing: its assets are refused before any connection"),
        ("basic-http-authentication", "secret", "neither JSON, nor an S3 address, nor enc:v1:"),
        ("basic-http-authentication", "[" * 99_999, "neither JSON, nor an S3 address, nor enc:v1:"),
        ("basic-http-authentication", "[]", "JSON, but no object"),
        ("basic-http-authentication", "{}", "without user and password"),
        ("basic-http-authentication", '{"user": 7, "password": "p"}', "without user"),
        ("basic-http-authentication", '{"user": "", "password": "p"}', "without user"),
        ("sftp", '{"user": "u"}', "without password"),
        ("sftp", '{"privateKey": "k"}', "without user"),
        ("basic-http-authentication", '{"user": "u", "privateKey": "k"}', "without password"),
        ("s3-ambient", LOGIN, "without accessKeyId and secretAccessKey"),
        ("sftp", "s3://security", "no S3 address; expected s3://security/99/..."),
        ("sftp", "s3://security/98/x", "only objects under s3://security/99/ are read"),
        ("sftp", "s3://security/990/x", "only objects under s3://security/99/ are read"),
        ("sftp", "s3://elsewhere/99/x", "only objects under s3://security/99/ are read"),
    ],
)
def test_credentials_that_cannot_be_used_would_fail(strategy: str, credentials: str, problem: str) -> None:
    assert of_strategy(strategy=strategy, credentials=credentials) == [(FAILS, f"Credentials: {problem}")]


def test_without_a_known_security_bucket_only_the_customer_is_looked_at() -> None:
    rules = make_rules(security_bucket="")
    row = make_strategy("x", "sftp", credentials="s3://anything/99/x")
    assert check_strategies([row], rules) == []
    row = make_strategy("x", "sftp", credentials="s3://anything/98/x")
    [finding] = check_strategies([row], rules)
    assert "s3://{security bucket}/99/" in finding.problem


def test_what_to_write_instead_is_shown_without_any_secret() -> None:
    [finding] = check_strategies(
        [make_strategy("x", "sftp", id="7", order=3, credentials='{"user": "hunter2"}')], RULES
    )
    assert (finding.table, finding.row) == ("CustomerOriginStrategies", "7")
    assert finding.what == "customer 99, order 3, sftp"
    assert '{"user": "...", "password": "..."}' in finding.instead
    assert "s3://.../99/..." in finding.instead
    assert "hunter2" not in str(finding)
    [finding] = check_strategies([make_strategy("x", "s3-ambient", credentials="{}")], RULES)
    assert '{"accessKeyId": "...", "secretAccessKey": "..."}' in finding.instead


def test_optimised_where_it_does_not_count_is_odd() -> None:
    problem = "Optimised: only counts for s3-ambient without credentials of its own"
    assert of_strategy(optimised=True) == [(ODD, problem)]
    [finding] = check_strategies([make_strategy("x", optimised=True)], RULES)
    assert finding.instead == "false"
    assert of_strategy(strategy="s3-ambient", optimised=True, credentials=KEYS) == [(ODD, problem)]
    assert of_strategy(strategy="s3-ambient", optimised=True, credentials=" ") == []
