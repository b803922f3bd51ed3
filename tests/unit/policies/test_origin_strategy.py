"""Matching the origin strategy: order, notes, budgets, and where nobody may go."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from time import perf_counter
from typing import Any

import pytest

from policies.origin_strategy import ROW_BUDGET, TOTAL_BUDGET, Matched, Verdict, match_strategy
from policies.outcome import Refused
from policies.plan import Place, StrategyKind
from policies.s3_address import S3Address
from tests.unit.policies.make import ASSET, HTTP, make_rules, make_strategy

KEYS = '{"user": "u", "password": "p"}'
EXPLOSIVE = (r"^(a+)+b", r"^(a|aa)+$", r"^(?:(?:a*)*)*b", r"^(?<x>\w+\s?)*c$", r"(?=(a+)+b)x")
SLOW_ORIGIN = "a" * 5000 + "!"


def match(origin: str, *rows: Any, clock: Callable[[], float] | None = None, **rules: Any) -> Matched:
    """A match that is not refused."""
    extra = {} if clock is None else {"clock": clock}
    matched = match_strategy(origin, ASSET, rows, make_rules(**rules), **extra)
    assert isinstance(matched, Matched), matched
    return matched


def refusal(origin: str, *rows: Any, **rules: Any) -> tuple[str, str]:
    """Why an origin cannot be fetched: code and sentence."""
    refused = match_strategy(origin, ASSET, rows, make_rules(**rules))
    assert isinstance(refused, Refused), refused
    return refused.reason.code, refused.reason.message


def verdicts(matched: Matched) -> list[tuple[str, Verdict]]:
    return [(note.row.id, note.verdict) for note in matched.notes]


def test_without_rows_an_address_on_the_web_is_fetched_by_default() -> None:
    matched = match(HTTP)
    assert matched.place == Place(StrategyKind.DEFAULT, HTTP, ASSET)
    assert verdicts(matched) == [("", Verdict.NOT)]


def test_rows_are_asked_by_order_then_by_id_and_the_first_that_is_found_wins() -> None:
    rows = (
        make_strategy("EXAMPLE", "sftp", id="d", order=2, credentials=KEYS),
        make_strategy("example", id="c", order=1),
        make_strategy("nowhere", id="b", order=1),
        make_strategy("elsewhere", id="z", order=0),
    )
    matched = match(HTTP, *rows)
    assert matched.place.strategy_id == "c"
    assert verdicts(matched) == [("z", Verdict.NOT), ("b", Verdict.NOT), ("c", Verdict.MATCHED)]
    assert matched.notes[-1].detail == "example"


def test_a_regex_is_found_anywhere_and_without_regard_to_case() -> None:
    row = make_strategy("PAGE-1", "basic-http-authentication", credentials=f" {KEYS}\n")
    place = match(HTTP, row).place
    assert (place.kind, place.credentials, place.strategy_id) == (StrategyKind.BASIC, KEYS, "row")
    assert KEYS not in repr(place)


def test_our_own_origin_bucket_is_optimised_unless_a_row_of_the_customers_comes_first() -> None:
    place = match("s3://origin/99/page").place
    assert place == Place(
        StrategyKind.S3, "s3://origin/99/page", ASSET, optimised=True, s3=S3Address("origin", "99/page")
    )
    assert match("s3://origin/99/page", make_strategy("origin", "s3-ambient")).place.optimised is False


@pytest.mark.parametrize(
    ("strategy", "credentials", "optimised"), [("s3-ambient", "", True), ("s3-ambient", KEYS, False)]
)
def test_optimised_holds_for_s3_with_our_own_credentials_only(strategy: str, credentials: str, optimised: bool) -> None:
    row = make_strategy(".", strategy, credentials=credentials, optimised=True)
    assert match("s3://other/page", row).place.optimised is optimised


def test_optimised_means_nothing_to_other_strategies() -> None:
    assert match(HTTP, make_strategy(".", optimised=True)).place.optimised is False
    basic = make_strategy(".", "basic-http-authentication", credentials=KEYS, optimised=True)
    assert match(HTTP, basic).place.optimised is False
    s3_by_http = make_strategy(".", "default", optimised=True)
    assert match("https://other.s3.amazonaws.com/k", s3_by_http).place.optimised is False


@pytest.mark.parametrize("bad", ["(", "[a", r"\h", "(?P<n>a)"])
def test_a_bad_regex_harms_only_its_own_row_and_says_so(bad: str) -> None:
    matched = match(HTTP, make_strategy(bad, id="1"), make_strategy("example", id="2"))
    assert verdicts(matched) == [("1", Verdict.BAD), ("2", Verdict.MATCHED)]
    assert matched.notes[0].detail


def test_a_bad_built_in_regex_leaves_the_default() -> None:
    matched = match(HTTP, origin_regex="(")
    assert (matched.place.kind, verdicts(matched)) == (StrategyKind.DEFAULT, [("", Verdict.BAD)])


@pytest.mark.parametrize("explosive", EXPLOSIVE)
def test_an_explosive_regex_is_stopped_and_harms_only_its_own_row(explosive: str) -> None:
    began = perf_counter()
    matched = match(f"https://{SLOW_ORIGIN}", make_strategy(f"(?<=//)(?:{explosive.removeprefix('^')})", id="1"))
    assert perf_counter() - began < 2
    assert verdicts(matched)[0][1] in {Verdict.SLOW, Verdict.NOT}
    assert matched.place.kind is StrategyKind.DEFAULT


def test_at_least_one_of_the_explosive_patterns_does_explode() -> None:
    matched = match(f"https://{SLOW_ORIGIN}", make_strategy("//(?:a|a?a)+b", id="1"))
    assert verdicts(matched)[0] == ("1", Verdict.SLOW)
    assert matched.notes[0].detail == f"stopped after {ROW_BUDGET} s"


def test_many_explosive_rows_share_one_budget() -> None:
    rows = [make_strategy("//(?:a|a?a)+b", id=f"{number:03}") for number in range(200)]
    began = perf_counter()
    matched = match(f"https://{SLOW_ORIGIN}", *rows)
    assert perf_counter() - began < 4 * TOTAL_BUDGET
    said = [verdict for _, verdict in verdicts(matched)]
    assert set(said) == {Verdict.SLOW, Verdict.SKIPPED}
    assert said[-1] is Verdict.SKIPPED
    assert matched.notes[-1].detail == "the rows before it took 1 s"


def test_a_row_gets_what_is_left_of_the_budget_at_most() -> None:
    ticks = count()
    matched = match(HTTP, *[make_strategy("nowhere", id=f"{n}") for n in range(9)], clock=lambda: next(ticks) * 0.25)
    assert [verdict for _, verdict in verdicts(matched)] == [Verdict.NOT] * 3 + [Verdict.SKIPPED] * 7


def test_a_strategy_that_there_is_not_is_refused_if_it_wins() -> None:
    code, message = refusal(HTTP, make_strategy("example", "carrier-pigeon", id="7"))
    assert code == "strategy-unknown"
    assert message.startswith(f"origin strategy 7: expected {', '.join(StrategyKind)}, not")
    assert match(HTTP, make_strategy("nowhere", "carrier-pigeon")).place.kind is StrategyKind.DEFAULT


@pytest.mark.parametrize(
    ("strategy", "origin"),
    [("basic-http-authentication", HTTP), ("sftp", "sftp://example.org/page")],
)
def test_strategies_that_need_credentials_are_refused_without(strategy: str, origin: str) -> None:
    for credentials in ("", "  \n"):
        code, message = refusal(origin, make_strategy(".", strategy, credentials=credentials))
        assert code == "strategy-without-credentials"
        assert message == f"origin strategy row ({strategy}) has no credentials"
    assert match(origin, make_strategy(".", strategy, credentials="enc:v1:x")).place.kind == strategy


@pytest.mark.parametrize(
    ("origin", "strategy", "words"),
    [
        ("", "default", "the asset has no origin"),
        ("  ", "s3-ambient", "the asset has no origin"),
        ("ftp://example.org/a", "default", "is no http or https address"),
        ("file:///etc/passwd", "default", "is no http or https address"),
        ("http:///path", "default", "is no http or https address"),
        ("http://[::1/path", "default", "is no http or https address"),
        ("page-1.tif", "default", "is no http or https address"),
        ("s3://other/page", "default", "is an S3 address, and no origin strategy (s3-ambient) matches it"),
        ("S3://other/page", "default", "is an S3 address, and no origin strategy (s3-ambient) matches it"),
        ("s3://other", "default", "is no http or https address"),
        (HTTP, "sftp", "is no sftp address"),
        ("sftp://example.org/a", "basic-http-authentication", "is no http or https address"),
        (HTTP, "s3-ambient", "is no S3 address"),
        ("s3://other", "s3-ambient", "is no S3 address"),
        ("s3://arn:aws:s3:eu-west-1:1:accesspoint/a/k", "s3-ambient", "is an access point; expected the bucket itself"),
    ],
)
def test_an_origin_that_its_strategy_cannot_fetch_is_refused(origin: str, strategy: str, words: str) -> None:
    code, message = refusal(origin, make_strategy("", strategy, credentials="" if "s3" in strategy else KEYS))
    assert code == "origin-address-unusable"
    assert message.startswith(origin.strip() or words)
    assert words in message


def test_an_s3_address_without_a_strategy_is_refused_clearly() -> None:
    assert refusal("s3://other/page")[0] == "origin-address-unusable"
    assert match("https://other.s3.amazonaws.com/page").place.kind is StrategyKind.DEFAULT
    assert match("HTTPS://EXAMPLE.ORG/").place.kind is StrategyKind.DEFAULT


def test_secrets_in_an_address_do_not_show_in_refusals_which_stay_short() -> None:
    assert "hunter2" not in refusal("ftp://user:hunter2@example.org/a")[1]
    assert len(refusal("ftp://example.org/" + "a" * 10_000)[1]) < 400


@pytest.mark.parametrize("bucket", ["storage", "thumbs", "security", "STORAGE"])
@pytest.mark.parametrize(
    "form", ["s3://{}/99/1/page", "s3://eu-west-1/{}/99/1/page", "https://s3.amazonaws.com/{}/99/x"]
)
def test_nobody_may_name_our_own_buckets_with_our_own_credentials(bucket: str, form: str) -> None:
    for rules in ({}, {"origin_bucket_open": True}):
        code, message = refusal(form.format(bucket), make_strategy(".", "s3-ambient"), **rules)
        assert code == "origin-forbidden"
        assert message.endswith("is in one of our own buckets")
    own = make_strategy(".", "s3-ambient", credentials=KEYS)
    assert match(form.format(bucket), own).place.s3 is not None


@pytest.mark.parametrize("bucket", ["scans-x5a-s3alias", "Scans--ol-s3"])
def test_nobody_may_name_a_bucket_of_ours_by_the_alias_of_an_access_point(bucket: str) -> None:
    code, message = refusal(f"s3://{bucket}/99/page", make_strategy(".", "s3-ambient"))
    assert code == "origin-forbidden"
    assert (
        message == f"s3://{bucket}/99/page is an access point, behind which any bucket may be; name the bucket itself"
    )
    own = make_strategy(".", "s3-ambient", credentials=KEYS)
    assert match(f"s3://{bucket}/99/page", own).place.s3 is not None


@pytest.mark.parametrize(
    ("key", "allowed"),
    [
        ("99/page", True),
        ("99/a/b..c", True),
        ("99//page", True),
        ("98/page", False),
        ("990/page", False),
        ("99", False),
        ("/99/page", False),
        ("99/../98/page", False),
        ("99/./page", False),
        ("page", False),
    ],
)
def test_our_origin_bucket_is_open_to_each_customer_under_its_own_number(key: str, allowed: bool) -> None:
    for rows in ((), (make_strategy(".", "s3-ambient"),)):
        if allowed:
            assert match(f"s3://origin/{key}", *rows).place.s3 == S3Address("origin", key)
        else:
            code, message = refusal(f"s3://origin/{key}", *rows)
            assert code == "origin-forbidden"
            assert message.endswith("is in our origin bucket, but not under 99/")
            assert match(f"s3://origin/{key}", *rows, origin_bucket_open=True).place.s3 is not None


def test_the_origin_bucket_is_ours_however_it_is_spelt() -> None:
    assert refusal("s3://ORIGIN/98/page", make_strategy(".", "s3-ambient"))[0] == "origin-forbidden"
    assert refusal("https://Origin.s3.amazonaws.com/98/p", make_strategy(".", "s3-ambient"))[0] == "origin-forbidden"
