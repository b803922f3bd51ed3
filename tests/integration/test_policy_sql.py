"""PostgreSQL's check of policies, generated from images/, held to Python's verdict."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from images.policy_check import check_policy
from images.policy_sql import create_statements, drop_statements
from images.recipe import NAMED
from images.recipe_fields import FIELDS
from local.postgres import Postgres

TABLE = 'CREATE TEMP TABLE "DeliveryChannelPolicies" ("Channel" text, "Name" text, "PolicyData" text, "Other" int)'
CHECK = "SELECT engine.check_policy($1, $2, $3)"


class Checker:
    """One connection to a database with the check in it, on a loop of its own, for Hypothesis is synchronous."""

    def __init__(self, connection: asyncpg.Connection, loop: asyncio.AbstractEventLoop) -> None:
        self._connection = connection
        self._loop = loop

    def verdict(self, channel: str, name: str, data: str | None) -> str | None:
        answer = self._loop.run_until_complete(self._connection.fetchval(CHECK, channel, name, data))
        assert answer is None or isinstance(answer, str)
        return answer


@asynccontextmanager
async def prepared(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database in which the statements have been run."""
    connection = await asyncpg.connect(url)
    try:
        for statement in ("CREATE SCHEMA IF NOT EXISTS engine", TABLE, *create_statements()):
            await connection.execute(statement)
        yield connection
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def database_url(postgres: Postgres) -> str:
    return postgres.create_database("policy_sql")


@pytest.fixture(scope="module")
def checker(database_url: str) -> Iterator[Checker]:
    with asyncio.Runner() as runner:
        opening = prepared(database_url)
        yield Checker(runner.run(opening.__aenter__()), runner.get_loop())
        runner.run(opening.__aexit__(None, None, None))


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with prepared(database_url) as opened, transaction_of(opened):
        yield opened


@asynccontextmanager
async def transaction_of(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """A transaction that is taken back, so that no test sees another's work."""
    transaction = connection.transaction()
    await transaction.start()
    yield
    await transaction.rollback()


side = st.sampled_from(["1", "400", "99999", "100000", "0", "01", "", "1.5", "-1", " 4"])
percent = st.sampled_from(["0", "0.0", "50", "100", "100.0", "100.5", "9999", "10000", "33.3333333333", "5.", ".5"])
size_text = st.one_of(
    st.builds("{}{}{},{}".format, st.sampled_from(["", "^"]), st.sampled_from(["", "!"]), side, side),
    st.builds("{}pct:{}".format, st.sampled_from(["", "^"]), percent),
    st.sampled_from(["max", "^max", "full", "!max", "max\n", "\u0661,\u0662"]),
    st.text(alphabet="^!pctmax:,.0123456789 \n", max_size=12),
)
anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 70_000),
    st.floats(allow_nan=False),
    st.sampled_from([0.01, 0.001, 1000, 1000.5, 64, 64.5, 128, 4096, "RPCL", "LRCP", "j2k", "htj2k", "kdu_low"]),
    st.text(max_size=5),
    st.lists(st.sampled_from([4, 8, 16, 64, 128, 256, 1024, 32768, 65536, 63, 64.0, True, "64", None]), max_size=4),
)
fitting = st.sampled_from([item for recipe in NAMED.values() for item in recipe.to_json().items()])
fields = st.one_of(fitting, st.tuples(st.sampled_from([*FIELDS, "Codec", ""]), anything))
recipe_text = st.lists(fields, max_size=5).map(
    lambda pairs: "{" + ", ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in pairs) + "}"
)
number_text = st.sampled_from(
    ["1e2", "-0", "1E400", "1e-400", "1e99999999999", "1.0", "6.", "01", "9" * 5000, "NaN", "Infinity", "+6", "0.01"]
)
strange = st.one_of(
    st.builds('{{"{}": {}}}'.format, st.sampled_from(list(FIELDS)), number_text),
    st.builds("[{}]".format, number_text),
    st.text(max_size=20).filter(lambda text: "\x00" not in text),
    st.sampled_from(["", " ", "\n\t", "[" * 100_000, '{"a":' * 5_000, '"\\u0000"', '["\\ud800"]', "null", "\ufeff[1]"]),
    st.lists(st.sampled_from(["1000", " 400", "200 ", "\n100", "0", "", "x"]), min_size=1, max_size=4).map(",".join),
    st.integers(99, 102).map(lambda count: ",".join(["400"] * count)),
    st.integers(99, 102).map(lambda count: json.dumps([400] * count)),
)
policy_data = st.one_of(
    st.none(),
    recipe_text,
    st.lists(size_text, min_size=1, max_size=2).map(json.dumps),
    st.lists(st.one_of(size_text, st.integers(-1, 100_001), anything), max_size=3).map(json.dumps),
    size_text.filter(lambda text: "\x00" not in text),
    strange,
)
encodable = policy_data.filter(lambda data: data is None or data.isascii() or _encodes(data))


def _encodes(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    channel=st.sampled_from(["iiif-img", "thumbs"] * 4 + ["file", "none", "iiif-av", "video", ""]),
    name=st.sampled_from(["default", "default", "use-original", "mine"]),
    data=encodable,
)
def test_postgresql_and_python_give_the_same_verdict(
    checker: Checker, channel: str, name: str, data: str | None
) -> None:
    theirs, ours = checker.verdict(channel, name, data), check_policy(channel, name, data)
    assert (theirs is None) == (ours is None), (theirs, ours)


@pytest.mark.parametrize("name", sorted(NAMED))
def test_every_named_recipe_passes(checker: Checker, name: str) -> None:
    assert checker.verdict("iiif-img", name, json.dumps(NAMED[name].to_json())) is None


def test_a_bad_policy_is_told_by_field_and_expectation(checker: Checker) -> None:
    told = checker.verdict("iiif-img", "mine", '{"levels": 99}')
    assert told == "levels: expected a whole number from 0 to 32, not 99"


def test_a_bad_size_is_told_by_its_place(checker: Checker) -> None:
    told = checker.verdict("thumbs", "mine", '["!400,400", "large"]')
    assert told is not None
    assert told.startswith("entry 2, large: expected a IIIF 3.0 size")


async def test_the_guard_refuses_a_bad_edit_when_it_is_typed(connection: asyncpg.Connection) -> None:
    await connection.execute("SELECT engine.guard_policies(true)")
    await connection.execute('INSERT INTO "DeliveryChannelPolicies" VALUES ($1, $2, $3)', "thumbs", "a", "[400]")
    with pytest.raises(asyncpg.CheckViolationError, match=r'thumbs policy "a", PolicyData: entry 1, 0: expected'):
        async with connection.transaction():
            await connection.execute('UPDATE "DeliveryChannelPolicies" SET "PolicyData" = $1', "[0]")
    await connection.execute("SELECT engine.guard_policies(false)")
    await connection.execute('UPDATE "DeliveryChannelPolicies" SET "PolicyData" = $1', "[0]")


async def test_a_guarded_row_that_was_bad_before_may_change_in_other_columns(connection: asyncpg.Connection) -> None:
    await connection.execute('INSERT INTO "DeliveryChannelPolicies" VALUES ($1, $2, $3)', "thumbs", "a", "[0]")
    await connection.execute("SELECT engine.guard_policies(true)")
    await connection.execute('UPDATE "DeliveryChannelPolicies" SET "Other" = 1')


async def test_the_guard_is_off_until_an_admin_switches_it_on(connection: asyncpg.Connection) -> None:
    await connection.execute('INSERT INTO "DeliveryChannelPolicies" VALUES ($1, $2, $3)', "thumbs", "a", "[0]")


async def test_dropping_takes_the_guard_away_too(connection: asyncpg.Connection) -> None:
    await connection.execute("SELECT engine.guard_policies(true)")
    for statement in drop_statements():
        await connection.execute(statement)
    await connection.execute('INSERT INTO "DeliveryChannelPolicies" VALUES ($1, $2, $3)', "thumbs", "a", "[0]")
    left = await connection.fetchval(
        "SELECT count(*) FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace"
        " WHERE n.nspname = 'engine' AND proname IN ('check_policy', 'check_recipe', 'check_thumb_sizes')"
    )
    assert left == 0


async def test_a_migrated_database_holds_the_check_as_it_is_generated_today(database: str) -> None:
    """When this fails, the rules have changed: a new migration has to run `create_statements` again."""
    connection = await asyncpg.connect(database)
    bodies = await connection.fetch(
        "SELECT prosrc FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE n.nspname = 'engine'"
    )
    await connection.close()
    generated = {statement.split("$check$")[1] for statement in create_statements()}
    assert generated <= {row["prosrc"] for row in bodies}
