"""Where credentials come from: the row, the security bucket, sealed or not; and the commands for admins."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aioboto3
import pytest

from local.aws import Aws
from origins.aws import AwsClients
from origins.credential_values import Login
from origins.credentials import Credentials
from origins.encryption import Key, seal
from origins.kms import Kms
from policies.outcome import IngestError
from policies.plan import Place, StrategyKind
from policies.reasons import (
    CREDENTIALS_AWAY,
    CREDENTIALS_INVALID,
    CREDENTIALS_UNREADABLE,
    STRATEGY_WITHOUT_CREDENTIALS,
    Kind,
)
from policies.request import AssetId
from tests.fakes.http_origin import file, http_origin
from tests.fakes.origin_hosts import guarded, make_place
from tests.integration.origin_room import make_settings, open_room
from tests.resources import Buckets

OLD, NEW = Key("old", bytes(32)), Key("new", bytes(range(32)))
LOGIN = {"user": "anna", "password": "hunter2"}
TEXT = json.dumps(LOGIN)
EXPECTED = Login("anna", "hunter2")


def place_with(credentials: str, customer: int = 99) -> Place:
    return make_place("https://h/x", StrategyKind.BASIC, credentials, AssetId(customer, 1, "a"))


@pytest.fixture
async def clients(aws: Aws) -> AsyncIterator[AwsClients]:
    options = dict(aws.options)
    settings = make_settings(s3_endpoint=options["endpoint_url"], s3_path_style=True)
    session = aioboto3.Session(
        options["aws_access_key_id"], options["aws_secret_access_key"], region_name=options["region_name"]
    )
    async with AwsClients(settings, session) as opened:
        yield opened


@pytest.fixture
def credentials(clients: AwsClients, buckets: Buckets) -> Credentials:
    return Credentials(clients, buckets.security, (NEW, OLD))


async def failure(credentials: Credentials, place: Place) -> Kind:
    with pytest.raises(IngestError) as failed:
        await credentials.login(place)
    assert "hunter2" not in str(failed.value)
    assert "hunter2" not in repr(failed.value.__cause__)
    return failed.value.reason.kind


async def test_a_row_holds_them_itself(credentials: Credentials) -> None:
    assert await credentials.login(place_with(f"  {TEXT} ")) == EXPECTED


async def test_an_object_of_the_customer_holds_them(credentials: Credentials, aws: Aws, buckets: Buckets) -> None:
    key = "99/origin-strategy/row-7/credentials.json"
    aws.s3.put_object(Bucket=buckets.security, Key=key, Body=b"\xef\xbb\xbf" + TEXT.encode())
    uri = f"s3://{buckets.security}/{key}"
    assert await credentials.login(place_with(uri)) == EXPECTED
    assert await credentials.login(place_with(f"s3://eu-west-1/{buckets.security}/{key}")) == EXPECTED
    assert await failure(credentials, place_with(uri, customer=9)) is CREDENTIALS_UNREADABLE


async def test_only_the_security_bucket_is_read(credentials: Credentials, aws: Aws, buckets: Buckets) -> None:
    aws.s3.put_object(Bucket=buckets.storage, Key="99/c.json", Body=TEXT.encode())
    assert await failure(credentials, place_with(f"s3://{buckets.storage}/99/c.json")) is CREDENTIALS_UNREADABLE
    assert await failure(credentials, place_with(f"s3://{buckets.security}/99/no")) is CREDENTIALS_UNREADABLE
    assert await failure(credentials, place_with(f"s3://{buckets.security}/9/c")) is CREDENTIALS_UNREADABLE


@pytest.mark.parametrize("key", [OLD, NEW], ids=["old key", "new key"])
async def test_sealed_ones_open_with_any_key_there_is(credentials: Credentials, key: Key) -> None:
    assert await credentials.login(place_with(seal(TEXT, 99, key))) == EXPECTED


async def test_an_object_may_hold_sealed_ones(credentials: Credentials, aws: Aws, buckets: Buckets) -> None:
    aws.s3.put_object(Bucket=buckets.security, Key="99/c", Body=seal(TEXT, 99, NEW).encode())
    assert await credentials.login(place_with(f"s3://{buckets.security}/99/c")) == EXPECTED


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", STRATEGY_WITHOUT_CREDENTIALS),
        ("hunter2", CREDENTIALS_INVALID),
        ('["hunter2"]', CREDENTIALS_INVALID),
        ('{"user": "anna", "pasword": "hunter2"}', CREDENTIALS_INVALID),
        ("enc:v1:hunter2", CREDENTIALS_UNREADABLE),
        (seal(TEXT, 99, Key("lost", bytes(32))), CREDENTIALS_UNREADABLE),
        (seal(TEXT, 98, NEW), CREDENTIALS_UNREADABLE),
        (seal("hunter2", 99, NEW), CREDENTIALS_INVALID),
    ],
    ids=[
        "none",
        "no JSON",
        "no object",
        "misspelt",
        "no sealed text",
        "lost key",
        "another customer's",
        "sealed, no JSON",
    ],
)
async def test_what_cannot_be_used_is_named_and_not_quoted(credentials: Credentials, text: str, kind: Kind) -> None:
    assert await failure(credentials, place_with(text)) is kind


async def test_a_huge_object_is_no_credentials(credentials: Credentials, aws: Aws, buckets: Buckets) -> None:
    aws.s3.put_object(Bucket=buckets.security, Key="99/c", Body=bytes(100_000))
    assert await failure(credentials, place_with(f"s3://{buckets.security}/99/c")) is CREDENTIALS_INVALID


async def test_a_bucket_that_is_away_is_nobodys_attempt(unused_tcp_port: int) -> None:
    settings = make_settings(s3_endpoint=f"http://127.0.0.1:{unused_tcp_port}", s3_path_style=True)
    async with AwsClients(settings, aioboto3.Session("a", "b", region_name="eu-west-1")) as clients:
        credentials = Credentials(clients, "security", ())
        assert await failure(credentials, place_with("s3://security/99/c")) is CREDENTIALS_AWAY


async def test_kms_brings_its_own_key(clients: AwsClients, credentials: Credentials) -> None:
    kms = await clients.kms()
    key = (await kms.create_key())["KeyMetadata"]["KeyId"]
    sealed = await Kms(clients).seal(TEXT, 99, key)
    assert await credentials.login(place_with(sealed)) == EXPECTED
    assert await failure(credentials, place_with(sealed, customer=98)) is CREDENTIALS_UNREADABLE


async def test_a_sealed_login_fetches(tmp_path: Path) -> None:
    async with http_origin() as server:
        uri = server.put("/x", guarded(file(b"data"), "anna", "hunter2"))
        keys = f"new:{base64.b64encode(NEW.value).decode()}"
        async with open_room(tmp_path, credentials_keys=keys) as room:
            place = make_place(uri, StrategyKind.BASIC, seal(TEXT, 99, NEW))
            assert (await room.fetch(place)).bytes == 4
