"""SFTP addresses, S3 objects with versions, settings."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origins.port import OriginSettings
from origins.s3_object import S3Object, object_of
from origins.sftp_address import SftpAddress, sftp_address
from policies.outcome import IngestError
from policies.plan import StrategyKind
from policies.reasons import ORIGIN_ADDRESS_UNUSABLE
from tests.fakes.origin_hosts import make_place


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("sftp://h/a/b.tif", SftpAddress("h", 22, "/a/b.tif")),
        ("SFTP://H:2222/a%20b%25/ü", SftpAddress("h", 2222, "/a b%/ü")),
        ("sftp://h/what?is#this", SftpAddress("h", 22, "/what?is#this")),
        ("sftp://[2606:4700::1]:22/x", SftpAddress("2606:4700::1", 22, "/x")),
    ],
)
def test_sftp_addresses_are_percent_decoded(uri: str, address: SftpAddress) -> None:
    assert sftp_address(uri) == address


@given(st.text())
def test_any_text_is_an_sftp_address_or_refused(text: str) -> None:
    for candidate in (text, f"sftp://{text}", f"sftp://h/{text}"):
        try:
            assert sftp_address(candidate).path.startswith("/")
        except IngestError as error:
            assert error.reason.kind is ORIGIN_ADDRESS_UNUSABLE  # noqa: PT017 - either is right


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        ("s3://bucket/a/b c", S3Object("bucket", "a/b c")),
        ("s3://eu-west-1/bucket/a", S3Object("bucket", "a", region="eu-west-1")),
        ("s3://bucket/a?versionId=v.1_x", S3Object("bucket", "a", "v.1_x")),
        ("s3://bucket/a?b", S3Object("bucket", "a?b")),
        ("https://bucket.s3.eu-west-1.amazonaws.com/a%20b?versionId=v1", S3Object("bucket", "a b", "v1", "eu-west-1")),
        ("https://bucket.s3.amazonaws.com/a%3FversionId=v1", S3Object("bucket", "a?versionId=v1")),
    ],
)
def test_a_version_may_be_named(uri: str, origin: S3Object) -> None:
    assert object_of(make_place(uri, StrategyKind.S3)) == origin


@pytest.mark.parametrize("name", ["max_bytes", "total_seconds", "connections_per_host", "s3_part", "threads"])
def test_limits_that_make_no_sense_are_named(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        OriginSettings(**dict[str, Any]({name: 0}))


def test_settings_keep_their_secrets() -> None:
    assert "hunter2" not in repr(OriginSettings(credentials_keys="hunter2"))
