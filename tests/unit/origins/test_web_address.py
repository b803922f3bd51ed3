"""Web addresses as people write them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from origins.web_address import keeps_login, redirected, web_url
from policies.outcome import IngestError
from policies.reasons import ORIGIN_ADDRESS_UNUSABLE, ORIGIN_REDIRECT_OUTSIDE


@pytest.mark.parametrize(
    ("given_text", "wire"),
    [
        ("http://example.org", "http://example.org/"),
        (" https://Example.ORG/a b ", "https://example.org/a%20b"),
        ("https://example.org/a%2Fb/%7Ec;v=1", "https://example.org/a%2Fb/%7Ec;v=1"),
        ("https://example.org/100%", "https://example.org/100%25"),
        ("https://example.org/x?sig=a%2Bb+c&e=%C3%BC#part", "https://example.org/x?sig=a%2Bb+c&e=%C3%BC"),
        ("https://example.org/é?ü", "https://example.org/%C3%A9?%C3%BC"),
        ("https://exämple.org/x", "https://xn--exmple-cua.org/x"),
        ("https://example.org:8443/x//y/", "https://example.org:8443/x//y/"),
        ("http://[2606:4700::1111]/x", "http://[2606:4700::1111]/x"),
    ],
)
def test_what_is_legal_is_sent_as_it_was_given(given_text: str, wire: str) -> None:
    assert str(web_url(given_text)) == wire


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.org/x",
        "ftp://example.org/x",
        "file:///x",
        "http:///x",
        "http://h:99999/",
        "http://u:hunter2@h/x",
        "http://[::1/x",
    ],
)
def test_what_is_no_web_address_is_refused_without_its_secrets(text: str) -> None:
    with pytest.raises(IngestError) as failure:
        web_url(text)
    assert failure.value.reason.kind is ORIGIN_ADDRESS_UNUSABLE
    assert "hunter2" not in failure.value.reason.message


@pytest.mark.parametrize(
    "path", ["//evil.example/x", "///evil.example/x", "//u:p@evil.example/", "/..//evil.example", "/\\evil.example/x"]
)
def test_no_path_names_another_host(path: str) -> None:
    url = web_url(f"https://example.org:8443{path}")
    assert (url.scheme, url.raw_host, url.port, url.raw_user) == ("https", "example.org", 8443, None)


@given(st.text())
@example("/:")
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for candidate in (text, f"http://example.org/{text}", f"http://{text}/x", f"http://example.org/?{text}"):
        try:
            url = web_url(candidate)
        except IngestError as error:
            assert error.reason.kind is ORIGIN_ADDRESS_UNUSABLE  # noqa: PT017 - either is right
        else:
            assert url.scheme in {"http", "https"}
            assert url.raw_host
            assert url.raw_path_qs.isascii()
            assert not set(url.raw_path_qs) & set(" \r\n\t")


@given(st.text())
def test_any_redirect_leads_to_the_web_or_outside(location: str) -> None:
    try:
        assert redirected(web_url("http://example.org/a/b"), location).scheme in {"http", "https"}
    except IngestError as error:
        assert error.reason.kind is ORIGIN_REDIRECT_OUTSIDE  # noqa: PT017 - either is right


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("c", "http://example.org/a/c"),
        ("/c?d=%2F", "http://example.org/c?d=%2F"),
        ("//other.org/x", "http://other.org/x"),
        ("https://other.org/x y", "https://other.org/x%20y"),
        ("../../c", "http://example.org/c"),
    ],
)
def test_redirects_may_be_relative(location: str, target: str) -> None:
    assert str(redirected(web_url("http://example.org/a/b"), location)) == target


@pytest.mark.parametrize(
    ("first", "second", "keeps"),
    [
        ("http://h/a", "http://h/b", True),
        ("http://h/a", "https://h/b", True),
        ("https://h/a", "http://h/b", False),
        ("http://h/a", "http://h:8080/b", False),
        ("http://h:8080/a", "https://h/b", False),
        ("http://h/a", "http://sub.h/b", False),
        ("https://h/a", "https://h:443/b", True),
    ],
)
def test_a_login_stays_with_its_host_and_never_becomes_less_secure(first: str, second: str, keeps: bool) -> None:
    assert keeps_login(web_url(first), web_url(second)) is keeps
