"""S3 addresses: every form, read and written."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.s3_address import S3Address, read_s3, write_s3


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("s3://bucket/key", S3Address("bucket", "key")),
        ("S3://Bucket/Key", S3Address("Bucket", "Key")),
        ("S3://eu-west-1/bucket/key", S3Address("bucket", "key", "eu-west-1")),
        ("s3://bucket/a/b//c d+e%20ä?x#y", S3Address("bucket", "a/b//c d+e%20ä?x#y")),
        ("s3://bucket/line\nbreak", S3Address("bucket", "line\nbreak")),
        ("s3://bucket//key", S3Address("bucket", "/key")),
        ("s3://eu-west-1/bucket/key", S3Address("bucket", "key", "eu-west-1")),
        ("s3://us-gov-west-1/bucket/a/b", S3Address("bucket", "a/b", "us-gov-west-1")),
        ("s3://ap-southeast-2/bucket/key", S3Address("bucket", "key", "ap-southeast-2")),
        ("s3://eusc-de-east-1/bucket/key", S3Address("bucket", "key", "eusc-de-east-1")),
        ("s3://ca-central-1/bucket/key", S3Address("bucket", "key", "ca-central-1")),
        ("s3://eu-west-1/key", S3Address("eu-west-1", "key")),
        ("s3://my-bucket-1/folder/key", S3Address("my-bucket-1", "folder/key")),
        ("s3://Old_Bucket.x/key", S3Address("Old_Bucket.x", "key")),
        ("https://bucket.s3.amazonaws.com/a%20b/c+d%2Be?versionId=1#x", S3Address("bucket", "a b/c+d+e")),
        ("http://my.bucket.s3.amazonaws.com/key", S3Address("my.bucket", "key")),
        ("https://Bucket.S3.amazonaws.com/Key", S3Address("bucket", "Key")),
        ("https://bucket.s3.eu-west-1.amazonaws.com/key", S3Address("bucket", "key", "eu-west-1")),
        ("https://bucket.s3.EU-WEST-1.amazonaws.com/key", S3Address("bucket", "key", "eu-west-1")),
        ("https://s3.amazonaws.com/bucket/key", S3Address("bucket", "key")),
        ("https://s3.amazonaws.com:443/bucket/key", S3Address("bucket", "key")),
        ("https://s3.eu-west-1.amazonaws.com/bucket/a//b", S3Address("bucket", "a//b", "eu-west-1")),
        ("http://s3-eu-west-1.amazonaws.com/bucket/key", S3Address("bucket", "key", "eu-west-1")),
        ("https://s3.cn-north-1.amazonaws.com.cn/bucket/key", S3Address("bucket", "key", "cn-north-1")),
        ("https://bucket.s3.amazonaws.com/100%25%zz", S3Address("bucket", "100%%zz")),
    ],
)
def test_every_form_is_read(uri: str, address: S3Address) -> None:
    assert read_s3(uri) == address


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "s3://",
        "s3://bucket",
        "s3://bucket/",
        "s3:///key",
        "s3://buc ket/key",
        "s3://.bucket/key",
        "s3://arn:aws:s3:eu-west-1:1:accesspoint/key",
        "https://example.org/key",
        "https://bucket.s3.amazonaws.com/",
        "https://bucket.s3.amazonaws.com",
        "https://s3.amazonaws.com/bucket",
        "https://s3.amazonaws.com/bucket/?key",
        "https://bucket.s3.amazonaws.com.evil.org/key",
        "https://evil.org/https://s3.amazonaws.com/bucket/key",
        "https://user@s3.amazonaws.com/bucket/key",
        "ftp://s3.amazonaws.com/bucket/key",
        "https://bucket.s3.amazonaws.com/%00",
        "https://bucket.s3.amazonaws.com/%ff",
        "s3://bucket/\0",
        *(f"s3://bucket/{half}" for half in map(chr, (0xD800, 0xDC00, 0xDFFF))),
    ],
)
def test_everything_else_is_no_address(uri: str) -> None:
    assert read_s3(uri) is None


def test_addresses_are_written_with_a_region_only_where_there_is_one() -> None:
    assert write_s3("bucket", "99/1/a b") == "s3://bucket/99/1/a b"
    assert write_s3("bucket", "key", "eu-west-1") == "s3://eu-west-1/bucket/key"
    assert S3Address("bucket", "key", "eu-west-1").plain == "s3://bucket/key"
    assert str(S3Address("bucket", "key", "eu-west-1")) == "s3://eu-west-1/bucket/key"


keys = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
awkward = st.lists(st.sampled_from([" ", "+", "%", "%20", "//", "/", "é", "?", "#", "a"]), min_size=1).map("".join)
buckets = st.from_regex(r"[a-z0-9][a-z0-9.]{1,30}[a-z0-9]", fullmatch=True)
regions = st.none() | st.sampled_from(["eu-west-1", "us-east-1", "us-gov-west-1", "ap-northeast-3"])


@given(buckets, keys | awkward, regions)
def test_every_key_survives_a_round_trip(bucket: str, key: str, region: str | None) -> None:
    address = S3Address(bucket, key, region)
    assert read_s3(address.uri) == address
    assert read_s3(address.plain) == S3Address(bucket, key)


@given(buckets, (keys | awkward).filter(lambda key: key != "/"), regions)
def test_every_key_survives_percent_encoding_in_a_url(bucket: str, key: str, region: str | None) -> None:
    host = f"s3.{region}" if region else "s3"
    for url in (f"https://{bucket}.{host}.amazonaws.com/", f"https://{host}.amazonaws.com/{bucket}/"):
        assert read_s3(url + quote(key)) == S3Address(bucket, key, region)


@given(st.text(st.characters()))
def test_any_text_is_an_address_or_none(text: str) -> None:
    for uri in (text, f"s3://{text}", f"https://s3.amazonaws.com/{text}"):
        address = read_s3(uri)
        assert address is None or address.uri.encode()
