"""`sluice credentials`, as an admin types it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from origins.encryption import read_keys, read_sealed, unseal
from tests.fakes.http_origin import file, http_origin
from tests.fakes.origin_hosts import guarded
from tests.integration.db_rows import ASSET, Rows

TEXT = '{"user": "anna", "password": "hunter2"}'


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


async def sluice(*words: str, given: str = "", **environ: str) -> Said:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import sys; from engine.cli import main; sys.exit(main())",
        *words,
        env={**os.environ, **environ},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate(given.encode())
    assert process.returncode is not None
    assert "Traceback" not in err.decode()
    return Said(process.returncode, out.decode(), err.decode())


async def test_a_new_key_encrypts_and_decrypts() -> None:
    made = await sluice("credentials", "encrypt", "--new-key", "2026")
    key = read_keys(made.out)[0]
    sealed = await sluice(
        "credentials", "encrypt", "--customer", "99", given=TEXT, ENGINE_CREDENTIALS_KEYS=made.out.strip()
    )
    assert sealed.code == 0
    assert unseal(read_sealed(sealed.out), 99, key) == TEXT


@pytest.mark.parametrize(
    ("words", "given", "code", "words_back"),
    [
        (["--customer", "99"], TEXT, 1, "--new-key"),
        ([], TEXT, 2, "--customer"),
        (["--customer", "99"], "hunter2", 2, "no JSON"),
        (["--customer", "99"], '{"user": "hunter2"}', 2, "no strategy"),
        (["--customer", "99", "nowhere.json"], "", 2, "nowhere.json"),
        (["--new-key", "a b"], "", 2, "a b"),
    ],
)
async def test_what_cannot_be_encrypted_is_said_without_quoting_it(
    words: list[str], given: str, code: int, words_back: str
) -> None:
    said = await sluice("credentials", "encrypt", *words, given=given)
    assert said.code == code
    assert words_back in said.err
    assert "hunter2" not in said.out + said.err


async def test_check_fetches_and_says_what_came() -> None:
    async with http_origin() as server:
        uri = server.put("/x.png", guarded(file(b"\x89PNG\r\n\x1a\n"), "anna", "hunter2"))
        words = ["credentials", "check", uri, "--strategy", "basic-http-authentication", "--credentials", "-", "--json"]
        said = await sluice(*words, given=TEXT, ENGINE_ALLOWED_NETWORKS="127.0.0.0/8")
    assert said.code == 0
    found = json.loads(said.out)
    assert (found["bytes"], found["media_type"], found["strategy"]) == (8, "image/png", "basic-http-authentication")


async def test_check_says_in_words_what_went_wrong_and_what_to_do(tmp_path: Path) -> None:
    row = tmp_path / "row.txt"
    row.write_text('{"user": "anna", "password": "hunter3"}')
    async with http_origin() as server:
        uri = server.put("/x.png", guarded(file(b"data"), "anna", "hunter2"))
        words = ["credentials", "check", uri, "--strategy", "basic-http-authentication", "--credentials", str(row)]
        said = await sluice(*words, ENGINE_ALLOWED_NETWORKS="127.0.0.0/8")
    assert said.code == 1
    assert "answered 401" in said.err
    assert "credentials" in said.err
    assert "hunter" not in said.out + said.err


async def test_check_follows_the_rows_of_an_asset(database: str) -> None:
    async with http_origin() as server:
        uri = server.put("/x.png", guarded(file(b"data"), "anna", "hunter2"))
        connection = await asyncpg.connect(database)
        await Rows(connection).asset(ASSET, origin=uri)
        await connection.execute(
            """INSERT INTO "CustomerOriginStrategies"
               ("Id", "Customer", "Regex", "Strategy", "Credentials", "Optimised", "Order")
               VALUES ('row-7', 99, '127[.]0[.]0[.]1', 'basic-http-authentication', $1, false, 1)""",
            TEXT,
        )
        await connection.close()
        environ = {"ENGINE_DATABASE_URL": database, "ENGINE_ALLOWED_NETWORKS": "127.0.0.0/8"}
        said = await sluice("credentials", "check", str(ASSET), **environ)
        assert said.code == 0
        assert "row-7" in said.out
        assert "hunter2" not in said.out + said.err
        missing = await sluice("credentials", "check", "99/1/nobody", **environ)
        assert (missing.code, "99/1/nobody" in missing.err) == (1, True)
    assert (await sluice("credentials", "check", "page-1", **environ)).code == 2
