"""Credentials of origins, searched for everywhere: log lines, errors, reprs, and every row of the database."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from origins.encryption import Key, seal
from policies.outcome import IngestError
from policies.plan import Place, StrategyKind
from policies.request import AssetId
from tests.fakes.http_origin import file, http_origin, redirect, status
from tests.fakes.origin_hosts import guarded, make_place, private_key
from tests.fakes.sftp_origin import sftp_origin
from tests.integration.db_rows import ASSET
from tests.integration.origin_room import Room, make_settings, open_room
from tests.integration.rig import Rig
from tests.log_lines import kept_lines

PASSWORD = "hunter2-pa:ss wörd"
KEY = Key("k", bytes(range(32)))
SECRETS = [
    PASSWORD,
    quote(PASSWORD),
    json.dumps(PASSWORD).strip('"'),
    base64.b64encode(f"anna:{PASSWORD}".encode()).decode(),
    "open sesame",
    *private_key().splitlines()[1:3],
    base64.b64encode(KEY.value).decode(),
]
KEYS = f"k:{SECRETS[-1]}"
LOGIN = json.dumps({"user": "anna", "password": PASSWORD})
TABLES = """
    SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> 'CustomerOriginStrategies'
"""


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Every log line, as the engine writes them at its most talkative."""
    with kept_lines("debug", "json") as stream:
        yield stream


def assert_no_secret(*texts: str) -> None:
    for text in texts:
        assert not [secret for secret in SECRETS if secret in text]


async def told(room: Room, place: Place) -> list[str]:
    """All that a failure says of itself, and its causes."""
    with pytest.raises(IngestError) as failure:
        await room.fetch(place)
    found, error = [repr(place), str(place)], failure.value
    causes: BaseException | None = error
    while causes:
        found += [str(causes), repr(causes)]
        causes = causes.__cause__ or causes.__context__
    return [*found, repr(error.reason), error.reason.message]


async def test_no_failure_of_any_strategy_tells_a_secret(tmp_path: Path, lines: io.StringIO) -> None:
    forms = [LOGIN, seal(LOGIN, 99, KEY), LOGIN.replace("}", ""), LOGIN.replace("password", "pasword")]
    (tmp_path / "served").mkdir()
    async with (
        http_origin() as server,
        sftp_origin(tmp_path / "served") as sftp,
        open_room(tmp_path, credentials_keys=KEYS) as room,
    ):
        for path, script in {"/401": status(401), "/500": status(500), "/loop": redirect("/loop")}.items():
            server.put(path, script)
            for form in forms:
                assert_no_secret(*await told(room, make_place(server.url(path), StrategyKind.BASIC, form)))
        server.put("/away", redirect("http://nobody.invalid/"))
        server.put("/garbage", guarded(file(b"", length=9), "anna", PASSWORD))
        for path in ("/away", "/garbage"):
            assert_no_secret(*await told(room, make_place(server.url(path), StrategyKind.BASIC, LOGIN)))
        keys = [
            {"user": "anna", "password": PASSWORD},
            {"user": "anna", "privateKey": private_key(), "passphrase": "open sesame"},
            {"user": "anna", "privateKey": private_key("open sesame"), "passphrase": "open sesame!"},
            {"user": "anna", "privateKey": private_key().replace("BEGIN", "BEGUN")},
        ]
        for key in keys:
            assert_no_secret(*await told(room, make_place(sftp.url("x"), StrategyKind.SFTP, json.dumps(key))))
        own = json.dumps({"accessKeyId": "AKIA", "secretAccessKey": PASSWORD, "region": "no region"})
        assert_no_secret(*await told(room, make_place("s3://bucket/x", StrategyKind.S3, own)))
    assert_no_secret(lines.getvalue(), repr(make_settings(credentials_keys=KEYS)))


async def test_an_ingest_with_a_login_leaves_it_in_no_row_log_line_or_answer(rig: Rig, lines: io.StringIO) -> None:
    wrong, gone = (AssetId(ASSET.customer, 1, name) for name in ("wrong", "gone"))
    async with http_origin() as server:
        server.put("/wrong", guarded(file(b"x"), "anna", "another"))
        server.put("/gone", status(410))
        await rig.rows.connection.execute(
            """INSERT INTO "CustomerOriginStrategies"
               ("Id", "Customer", "Regex", "Strategy", "Credentials", "Optimised", "Order")
               VALUES ('row-7', 99, '127[.]0[.]0[.]1', 'basic-http-authentication', $1, false, 1)""",
            LOGIN,
        )
        for asset in (wrong, gone):
            await rig.rows.asset(asset, origin=server.url(f"/{asset.asset}"))
        async with rig.engine(ENGINE_LOG_LEVEL="debug"):
            rig.send(wrong)
            errors = (await rig.finished(wrong))["Error"]
            code, answer = await rig.post(gone)
    assert "401" in errors
    assert code >= 400
    tables = [table for (table,) in await rig.rows.all(TABLES)]
    rows = [row for table in tables for (row,) in await rig.rows.all(f"SELECT t::text FROM {table} AS t")]
    assert any("401" in row for row in rows)
    assert "410" in lines.getvalue()
    assert_no_secret(*rows, json.dumps(answer), errors, lines.getvalue())
