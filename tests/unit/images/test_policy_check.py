"""The verdict on a policy's shape, and the SQL that is made of the same tables.

That PostgreSQL gives the same verdict is tested against a real one: tests/integration/test_policy_sql.py.
"""

from __future__ import annotations

import pytest
from sqlalchemy import text

from images.iiif_size import EXPECTED_LIST
from images.policy_check import check_policy
from images.policy_sql import create_statements, drop_statements
from images.recipe_fields import FIELDS
from images.sql_text import literal, words
from tests.unit.images.policy_sql import SQL, whole_sql


@pytest.mark.parametrize(
    ("channel", "name", "data"),
    [
        ("iiif-img", "default", None),
        ("iiif-img", "mine", '{"levels": 5}'),
        ("iiif-img", "use-original", None),
        ("iiif-img", "use-original", "never read"),
        ("thumbs", "default", '["!400,400"]'),
        ("file", "none", None),
        ("none", "none", "never read"),
        ("iiif-av", "default-audio", '["audio-mp3-128"]'),
    ],
)
def test_a_policy_that_makes_sense_passes(channel: str, name: str, data: str | None) -> None:
    assert check_policy(channel, name, data) is None


@pytest.mark.parametrize(
    ("channel", "name", "data", "told"),
    [
        ("iiif-img", "default", '{"levels": 99}', "levels: expected a whole number from 0 to 32, not 99"),
        ("thumbs", "use-original", None, f"null: expected {EXPECTED_LIST}"),
        ("thumbs", "default", "[0]", "entry 1, 0: expected an integer from 1 to 99999"),
        ("video", "default", None, "Channel: expected one of iiif-img, thumbs, file, none, iiif-av"),
    ],
)
def test_a_policy_that_makes_none_is_told_why(channel: str, name: str, data: str | None, told: str) -> None:
    assert check_policy(channel, name, data) == told


def test_the_statements_hold_nothing_that_sqlalchemy_takes_for_a_parameter() -> None:
    for statement in [*create_statements(), *drop_statements()]:
        assert not text(statement).compile().params


def test_the_sql_is_the_one_that_was_read_over() -> None:
    """Whoever changes the rules sees what PostgreSQL will run; `python -m tests.unit.images.policy_sql` writes it."""
    assert SQL.read_text() == whole_sql()


def test_every_field_of_a_recipe_is_checked_in_sql() -> None:
    check_recipe = next(statement for statement in create_statements() if "engine.check_recipe(data text)" in statement)
    assert [name for name in FIELDS if f"WHEN '{name}' THEN" not in check_recipe] == []


def test_texts_and_lists_are_quoted_as_sql_wants_them() -> None:
    assert literal("it's") == "'it''s'"
    assert words(["a", "b's"]) == "ARRAY['a', 'b''s']"


def test_what_is_created_is_dropped() -> None:
    created = [
        line.split("FUNCTION ")[1].split("(")[0]
        for line in "".join(create_statements()).splitlines()
        if "CREATE OR REPLACE" in line
    ]
    dropped = [statement.split("IF EXISTS ")[1].split("(")[0] for statement in drop_statements()]
    assert created == list(reversed(dropped))
