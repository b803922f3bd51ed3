"""S3 addresses: every form, read and written."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.s3_address import S3Address, names_access_point, read_s3, write_s3


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
        ("https://bucket.s3-eu-west-1.amazonaws.com/key", S3Address("bucket", "key", "eu-west-1")),
        ("https://s3-external-1.amazonaws.com/bucket/key", S3Address("bucket", "key")),
        ("https://bucket.s3-accelerate.amazonaws.com/key", S3Address("bucket", "key")),
        ("https://bucket.s3-accelerate.dualstack.amazonaws.com/key", S3Address("bucket", "key")),
        ("https://bucket.s3.dualstack.eu-west-1.amazonaws.com/key", S3Address("bucket", "key", "eu-west-1")),
        ("https://s3.dualstack.eu-west-1.amazonaws.com/bucket/key", S3Address("bucket", "key", "eu-west-1")),
        ("https://s3-fips.us-gov-west-1.amazonaws.com/bucket/key", S3Address("bucket", "key", "us-gov-west-1")),
        ("https://a.b.s3-fips.dualstack.us-east-1.amazonaws.com/key", S3Address("a.b", "key", "us-east-1")),
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
        "https://bucket.s3-website-eu-west-1.amazonaws.com/key",
        "https://s3-control.eu-west-1.amazonaws.com/bucket/key",
        "https://bucket.s3.amazonaws.org/key",
        "https://bucket.s3xdualstack.eu-west-1.amazonaws.com/key",
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


REGIONS = {
    "amazonaws.com": (
        "af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 "
        "ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 "
        "ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 "
        "eu-west-3 il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-west-1 "
        "us-west-2 us-gov-east-1 us-gov-west-1"
    ),
    "amazonaws.com.cn": "cn-north-1 cn-northwest-1",
    "amazonaws.eu": "eusc-de-east-1",
    "c2s.ic.gov": "us-iso-east-1 us-iso-west-1",
    "sc2s.sgov.gov": "us-isob-east-1 us-isob-west-1",
    "cloud.adc-e.uk": "eu-isoe-west-1",
    "csp.hci.ic.gov": "us-isof-south-1 us-isof-east-1",
}
"""The regions of every partition, by the domain of their endpoints."""


@pytest.mark.parametrize("domain", REGIONS)
def test_every_region_of_every_partition_is_one(domain: str) -> None:
    for region in REGIONS[domain].split():
        address = S3Address("bucket", "a b", region)
        assert read_s3(f"s3://{region}/bucket/a b") == address
        for host in (f"s3.{region}", f"s3-{region}", f"s3.dualstack.{region}", f"s3-fips.{region}"):
            assert read_s3(f"https://{host}.{domain}/bucket/a%20b") == address
            assert read_s3(f"https://bucket.{host}.{domain}/a%20b") == address


@pytest.mark.parametrize(
    "uri",
    [
        "s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/scans/key",
        "S3://ARN:aws-cn:s3:cn-north-1:123456789012:accesspoint/scans/key",
        "https://scans-123456789012.s3-accesspoint.eu-west-1.amazonaws.com/key",
        "https://s3-accesspoint.eu-west-1.amazonaws.com/key",
        "https://scans-123456789012.s3-object-lambda.eu-west-1.amazonaws.com/key",
        "http://mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com/key",
    ],
)
def test_an_access_point_is_no_address_and_known_for_what_it_is(uri: str) -> None:
    assert read_s3(uri) is None
    assert names_access_point(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://bucket/arn:aws",
        "https://bucket.s3.amazonaws.com/x.s3-accesspoint.eu",
        "https://example.org?x.s3-accesspoint.eu",
        "https://example.org#x.s3-accesspoint.eu",
        "see https://scans.s3-accesspoint.eu-west-1.amazonaws.com/key",
    ],
)
def test_a_key_or_a_query_makes_no_access_point(uri: str) -> None:
    assert not names_access_point(uri)


@pytest.mark.parametrize(
    ("bucket", "is_alias"),
    [("scans-x5a-s3alias", True), ("SCANS-S3ALIAS", True), ("scans--ol-s3", True), ("s3alias", False), ("a-s3", False)],
)
def test_an_alias_of_an_access_point_is_told_by_its_ending(bucket: str, is_alias: bool) -> None:
    assert S3Address(bucket, "key").is_alias is is_alias


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
