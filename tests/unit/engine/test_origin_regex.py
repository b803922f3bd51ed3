"""The default of ENGINE_ORIGIN_REGEX, read as an origin strategy reads it."""

from __future__ import annotations

import pytest

from engine.origin_regex import NOWHERE, regex_of_bucket
from policies.dotnet_regex import compile_dotnet
from policies.s3_address import S3Address, read_s3


@pytest.mark.parametrize(
    "origin",
    [
        "s3://my.origin/99/k",
        "S3://my.origin/99/k",
        "s3://eu-west-1/my.origin/99/k",
        "https://my.origin.s3.amazonaws.com/99/k",
        "http://my.origin.s3.eu-west-1.amazonaws.com/99/k",
        "https://s3.amazonaws.com/my.origin/99/k",
        "https://s3.eu-west-1.amazonaws.com/my.origin/99/k",
        "https://s3-eu-west-1.amazonaws.com/my.origin/99/k",
        "https://my.origin.s3.dualstack.eu-west-1.amazonaws.com/99/k",
        "https://s3-accelerate.amazonaws.com:443/my.origin/99/k",
    ],
)
def test_every_form_of_our_own_bucket_is_found_and_read_as_our_own(origin: str) -> None:
    assert compile_dotnet(regex_of_bucket("my.origin")).search(origin)
    assert read_s3(origin) in {S3Address("my.origin", "99/k"), S3Address("my.origin", "99/k", "eu-west-1")}


@pytest.mark.parametrize(
    "origin",
    [
        "s3://my-bucket-1/my.origin/99/k",
        "s3://myxorigin/99/k",
        "s3://other/my.origin/99/k",
        "https://example.org/s3://my.origin/99/k",
        "https://my.origin.example.org/99/k",
        "https://my.origin.s3.amazonaws.com.example.org/99/k",
    ],
)
def test_nothing_else_is_taken_for_our_own(origin: str) -> None:
    assert not compile_dotnet(regex_of_bucket("my.origin")).search(origin)


def test_without_a_bucket_nothing_is_our_own() -> None:
    assert not compile_dotnet(NOWHERE).search("s3:///")
