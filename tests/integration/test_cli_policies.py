"""`sluice explain` and `sluice policies check` on a real database."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from engine.cli.run import run
from tests.integration.db_rows import Rows

FACTS = {
    "asset": "99/1/page-1",
    "origin": "https://example.org/page-1.tif",
    "channels": [{"channel": "thumbs", "policy": "museum", "data": ["!1024,1024"]}],
}


class Printed:
    """A command's exit code and what it printed."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Sluice:
    """The command in this process, with nothing set but the database."""

    def __init__(self, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self._environment = {"PATH": os.environ["PATH"], **({"ENGINE_DATABASE_URL": url} if url else {})}
        self._capsys = capsys

    def __call__(self, *words: str) -> Printed:
        kept = dict(os.environ)
        os.environ.clear()
        os.environ.update(self._environment)
        try:
            code = run(list(words), os.environ)
        finally:
            os.environ.clear()
            os.environ.update(kept)
        printed = self._capsys.readouterr()
        return Printed(code, printed.out, printed.err)


@pytest.fixture
def sluice(dlcs_database: str, capsys: pytest.CaptureFixture[str]) -> Sluice:
    return Sluice(dlcs_database, capsys)


@pytest.fixture
def without_database(capsys: pytest.CaptureFixture[str]) -> Sluice:
    return Sluice("", capsys)


def write(url: str, *statements: str) -> None:
    """An asset of customer 99's, and what else is said."""

    async def writing() -> None:
        connection = await asyncpg.connect(url)
        try:
            await Rows(connection).asset()
            await Rows(connection).storage(total=500)
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(writing())


def test_an_asset_is_explained_from_its_rows(dlcs_database: str, sluice: Sluice) -> None:
    strategy = """INSERT INTO "CustomerOriginStrategies" VALUES ('s-1', 99, '(', 'sftp', 'hunter2', false, 1)"""
    write(dlcs_database, strategy)
    printed = sluice("explain", "99/1/page-1")
    assert printed.code == 0
    for words in ("bad regex: missing )", "built in: default", "row of the decision table: iiif-img", "1024.jpg"):
        assert words in printed.out
    assert "hunter2" not in printed.out


def test_what_is_printed_as_json_can_be_read_back_without_a_database(
    dlcs_database: str, sluice: Sluice, without_database: Sluice, tmp_path: Path
) -> None:
    write(dlcs_database)
    printed = sluice("explain", "99/1/page-1", "--size", "6000,4000", "--json")
    assert printed.json["explanation"]["row"] == "iiif-img"
    assert printed.json["explanation"]["quota"]["total"] == 500
    (tmp_path / "facts.json").write_text(printed.out)
    again = without_database("explain", "--file", str(tmp_path / "facts.json"), "--json")
    assert again.json["facts"] == printed.json["facts"]
    assert again.json["explanation"]["thumbnails"] == printed.json["explanation"]["thumbnails"]


def test_an_edited_policy_is_what_the_next_explanation_says(dlcs_database: str, sluice: Sluice) -> None:
    write(dlcs_database)
    edit = """UPDATE "DeliveryChannelPolicies" SET "PolicyData" = '["!300,300"]' WHERE "Channel" = 'thumbs'"""

    async def editing() -> None:
        connection = await asyncpg.connect(dlcs_database)
        await connection.execute(edit)
        await connection.close()

    assert "300.jpg" not in sluice("explain", "99/1/page-1").out
    asyncio.run(editing())
    assert "300.jpg" in sluice("explain", "99/1/page-1").out


def test_a_refusal_is_explained_and_exits_with_1(dlcs_database: str, sluice: Sluice) -> None:
    write(dlcs_database, """UPDATE "DeliveryChannelPolicies" SET "PolicyData" = '[' WHERE "Channel" = 'thumbs'""")
    printed = sluice("explain", "99/1/page-1")
    assert printed.code == 1
    assert "Refused (policy-invalid)" in printed.out
    assert sluice("explain", "99/1/page-1", "--json").code == 1


def test_an_unknown_asset_and_a_bad_id_are_said_plainly(sluice: Sluice) -> None:
    assert (sluice("explain", "99/1/nothing").code, sluice("explain", "page-1").code) == (1, 2)


def test_wrong_use_is_2(without_database: Sluice, tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    file.write_text(json.dumps(FACTS))
    assert without_database("explain").code == 2
    assert without_database("explain", "99/1/page-1", "--file", str(file)).code == 2
    assert without_database("explain", "99/1/page-1").code == 2
    assert without_database("explain", "--file", str(file), "--size", "large").code == 2
    assert without_database("explain", "--file", str(file), "--size", "0,1").code == 2
    assert without_database("explain", "--file", str(file)).code == 0
    file.write_text('{"asset": 7}')
    printed = without_database("explain", "--file", str(file))
    assert (printed.code, "facts.asset: expected text, not 7" in printed.err) == (2, True)
    file.write_bytes(b" " * 10_000_001)
    assert without_database("explain", "--file", str(file)).code == 2
    assert without_database("explain", "--file", str(tmp_path / "none.json")).code == 1


def test_of_the_rows_that_the_dlcs_ships_only_audio_and_video_are_odd(sluice: Sluice) -> None:
    printed = sluice("policies", "check", "--json")
    assert printed.code == 0
    assert {one["weight"] for one in printed.json} <= {"odd"}
    assert all("iiif-av" in one["problem"] for one in printed.json)
    assert sluice("policies", "check", "--customer", "99").out.strip().endswith("nothing to say")


def test_every_row_that_would_fail_is_reported_with_what_to_write_instead(dlcs_database: str, sluice: Sluice) -> None:
    write(
        dlcs_database,
        """INSERT INTO "DeliveryChannelPolicies" VALUES
           (100, 'museum', NULL, 99, 'thumbs', false, now(), now(), '["full"]'),
           (101, 'fastest', NULL, 99, 'iiif-img', false, now(), now(), NULL)""",
        """INSERT INTO "DefaultDeliveryChannels" VALUES
           (gen_random_uuid(), 99, 0, 'image/*', 7), (gen_random_uuid(), 99, 0, 'image/*', 1)""",
        """INSERT INTO "CustomerOriginStrategies" VALUES
           ('s-1', 99, '(', 'sftp', '', false, 1), ('s-2', 98, 'x', 'default', '', true, 1)""",
    )
    found = sluice("policies", "check", "--json")
    assert found.code == 1
    said = {(one["table"], one["weight"], one["problem"]) for one in found.json if one["what"].find("customer 1,") < 0}
    assert said == {
        ("DeliveryChannelPolicies", "fails", next(one["problem"] for one in found.json if one["row"] == "100")),
        ("DeliveryChannelPolicies", "odd", "null is the default recipe, not fastest"),
        ("DefaultDeliveryChannels", "fails", "the channel none is given beside iiif-img: such assets are refused"),
        ("CustomerOriginStrategies", "fails", "Regex: missing ); the row never matches"),
        ("CustomerOriginStrategies", "fails", "Credentials: missing: its assets are refused before any connection"),
        ("CustomerOriginStrategies", "odd", "Optimised: only counts for s3-ambient without credentials of its own"),
    }
    printed = sluice("policies", "check", "--customer", "99")
    assert printed.code == 1
    assert "`full` is IIIF 2, write `max`" in printed.out
    assert "4 of 2 policies, 2 default channels, 1 origin strategies would fail" in printed.err
    assert sluice("policies", "check", "--customer", "98").code == 0
