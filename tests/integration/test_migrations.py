"""Migrations against a real PostgreSQL: on nothing, on a database that the DLCS owns, and on half of one."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from engine.db.migrate import downgrade, upgrade, wanted_revision
from local.postgres import Postgres
from migrations.refusal import CannotMigrateError
from tests.resources import DLCS_SCHEMA

DLCS = DLCS_SCHEMA.read_text()

CATALOGUE = """
SELECT 'column' AS what, table_name || '.' || column_name AS name,
       concat_ws(' ', data_type, character_maximum_length, is_nullable, column_default, identity_generation) AS is
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'index', tablename || '.' || indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'sequence', sequence_name, data_type FROM information_schema.sequences WHERE sequence_schema = 'public'
UNION ALL
SELECT 'schema', nspname, '' FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
UNION ALL
SELECT 'trigger', tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal
ORDER BY 1, 2
"""
ROWS = """
SELECT 'policy', "Id"::text, "Channel", "Name", "PolicyData" FROM "DeliveryChannelPolicies"
UNION ALL SELECT 'default', "MediaType", p."Channel", p."Name", ''
  FROM "DefaultDeliveryChannels" JOIN "DeliveryChannelPolicies" p ON p."Id" = "DeliveryChannelPolicyId"
UNION ALL SELECT 'storage', "Id", '', '', "MaximumTotalSizeOfStoredImages"::text FROM "StoragePolicies"
ORDER BY 1, 2, 3, 4
"""

Make = Callable[..., str]


@pytest.fixture
def make_database(postgres: Postgres) -> Iterator[Make]:
    """Makes empty databases, or such as some SQL leaves behind."""
    made: list[str] = []

    def make(*sql: str) -> str:
        made.append(f"migrate_{uuid4().hex}")
        url = postgres.create_database(made[-1])
        for script in sql:
            postgres.execute(script, made[-1])
        return url

    yield make
    for name in made:
        postgres.drop_database(name)


async def ask(url: str, sql: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


def look(url: str, sql: str = CATALOGUE) -> list[tuple[object, ...]]:
    import asyncio  # noqa: PLC0415 - these tests are not coroutines: migrations bring a loop of their own

    return asyncio.run(ask(url, sql))


def dlcs_part(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return [row for row in rows if row[0] != "schema"]


def statements(*tables: str) -> str:
    """The part of a DLCS's schema that is about these tables."""
    wanted = [
        part
        for part in re.sub(r"--.*", "", DLCS).split(";")
        if (found := re.search(r'CREATE (?:TABLE|SEQUENCE|(?:UNIQUE )?INDEX .*?ON) "?(\w+)"?', part, re.DOTALL))
        and found[1] in tables
    ]
    return ";".join(wanted) + ";"


def test_a_fresh_database_gets_the_tables_that_a_dlcs_has(make_database: Make) -> None:
    ours, theirs = make_database(), make_database(DLCS)
    upgrade(ours)
    assert dlcs_part(look(ours)) == dlcs_part(look(theirs))


def test_a_fresh_database_gets_the_rows_that_a_dlcs_has(make_database: Make) -> None:
    url = make_database()
    upgrade(url)
    rows = look(url, ROWS)
    assert [row for row in rows if row[0] == "policy"] == [
        row for row in look(make_database(DLCS), ROWS) if row[0] == "policy"
    ]
    assert [row[1:4] for row in rows if row[0] == "default"] == [
        ("application/*", "file", "none"),
        ("audio/*", "iiif-av", "default-audio"),
        ("image/*", "iiif-img", "default"),
        ("image/*", "thumbs", "default"),
        ("video/*", "iiif-av", "default-video"),
    ]
    assert [row[1] for row in rows if row[0] == "storage"] == ["default"]


def test_a_policy_made_after_migrating_gets_the_next_number(make_database: Make) -> None:
    url = make_database()
    upgrade(url)
    insert = """INSERT INTO "DeliveryChannelPolicies" ("Name", "Customer", "Channel", "System", "Created", "Modified")
                VALUES ('mine', 99, 'thumbs', false, now(), now()) RETURNING "Id" """
    assert look(url, insert) == [(8,)]


def test_an_adopted_database_keeps_its_tables_as_they_were(make_database: Make) -> None:
    url = make_database(DLCS)
    before = look(url)
    upgrade(url)
    assert dlcs_part(look(url)) == dlcs_part(before)


@pytest.mark.parametrize(
    "script",
    [
        "",
        DLCS,
        statements("batch_id_sequence", "Images", "Batches", "BatchAssets", "StoragePolicies")
        + """INSERT INTO "StoragePolicies" VALUES ('small', 1, 1);""",
    ],
    ids=["fresh", "adopted", "partly there"],
)
def test_up_down_and_up_again_leaves_a_database_as_it_was_found(make_database: Make, script: str) -> None:
    url = make_database(script) if script else make_database()
    found = look(url)
    upgrade(url)
    migrated, rows = look(url), look(url, ROWS)
    downgrade(url)
    assert look(url) == found
    upgrade(url)
    assert look(url) == migrated
    assert look(url, ROWS) == rows


def test_taking_back_leaves_the_rows_that_were_there(make_database: Make) -> None:
    row = """INSERT INTO "StoragePolicies" VALUES ('small', 1, 1);"""
    url = make_database(DLCS, row)
    before = look(url, ROWS)
    upgrade(url)
    assert [found[1] for found in look(url, ROWS) if found[0] == "storage"] == ["small"]
    downgrade(url)
    assert look(url, ROWS) == before


def test_down_one_step_and_up_again(make_database: Make) -> None:
    url = make_database()
    upgrade(url)
    migrated = look(url)
    downgrade(url, "0001")
    upgrade(url)
    assert look(url) == migrated


def test_migrating_twice_changes_nothing(make_database: Make) -> None:
    url = make_database()
    upgrade(url)
    migrated = look(url)
    upgrade(url)
    assert look(url) == migrated
    assert look(url, "SELECT version_num FROM engine.alembic_version") == [(wanted_revision(),)]


def test_a_table_that_lacks_a_column_we_name_is_told_and_nothing_changed(make_database: Make) -> None:
    url = make_database(DLCS, 'ALTER TABLE "Images" DROP COLUMN "MaxUnauthorised"')
    before = look(url)
    with pytest.raises(CannotMigrateError, match=r'"Images" is there, but lacks MaxUnauthorised'):
        upgrade(url)
    assert look(url) == before


def test_the_policy_check_can_be_asked_and_the_guard_goes_with_it(make_database: Make) -> None:
    url = make_database(DLCS)
    found = look(url)
    upgrade(url)
    assert look(url, "SELECT engine.check_policy('thumbs', 'mine', '[\"!100,100\"]')") == [(None,)]
    look(url, "SELECT engine.guard_policies(true)")
    with pytest.raises(asyncpg.CheckViolationError):
        look(url, """UPDATE "DeliveryChannelPolicies" SET "PolicyData" = 'rubbish' WHERE "Channel" = 'thumbs'""")
    downgrade(url)
    assert look(url) == found


def test_processes_that_migrate_at_once_wait_for_each_other(make_database: Make) -> None:
    url = make_database()
    program = f"from engine.db.migrate import upgrade; upgrade({url!r})"
    running = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert look(url, "SELECT count(*) FROM engine.alembic_version") == [(1,)]


def test_an_installed_engine_finds_its_migrations_from_anywhere(make_database: Make, tmp_path: Path) -> None:
    url = make_database()
    program = f"from engine.db.migrate import upgrade; upgrade({url!r})"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, timeout=60)
    assert look(url, "SELECT version_num FROM engine.alembic_version") == [(wanted_revision(),)]


def sluice(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "sluice"
    environment = {"PATH": "", "ENGINE_DATABASE_URL": url}
    return subprocess.run([program, *words], env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_the_command_migrates_and_says_when_there_is_nothing_to_do(make_database: Make) -> None:
    url = make_database()
    assert sluice(url, "migrate", "--check").returncode == 1
    assert sluice(url, "migrate").stdout == f"the database was at nothing and is at {wanted_revision()}\n"
    assert sluice(url, "migrate").stdout == f"the database is at {wanted_revision()}: nothing to do\n"
    assert sluice(url, "migrate", "--check").returncode == 0


def test_the_command_takes_everything_back_when_told(make_database: Make) -> None:
    url = make_database(DLCS)
    before = look(url)
    sluice(url, "migrate")
    assert sluice(url, "migrate", "--take-back", "--yes").returncode == 0
    assert look(url) == before


def test_the_command_names_what_a_database_lacks(make_database: Make) -> None:
    done = sluice(make_database(DLCS, 'ALTER TABLE "Images" DROP COLUMN "Roles"'), "migrate")
    assert done.returncode == 1
    assert "lacks Roles" in done.stderr
