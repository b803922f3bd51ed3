"""The check of policies inside PostgreSQL, generated from the tables that Python reads policies by.

A migration runs `create_statements`; from then on `SELECT engine.check_policy(channel, name, data)` says what is
wrong with a policy, or null, and `SELECT engine.guard_policies(true)` switches on a trigger that refuses a bad
edit when it is typed. The statements hold nothing that SQLAlchemy's `text` would take for a parameter.
"""

from __future__ import annotations

from images.iiif_size import (
    EXPECTED_LIST,
    EXPECTED_SIZE,
    INTEGER_PATTERN,
    MAX_SIZES,
    OLD_LIST_PATTERN,
    SIZE_PATTERN,
)
from images.policy_check import EXPECTED_CHANNEL, IMAGE, THUMBS, USE_ORIGINAL, WITHOUT_DATA
from images.recipe import EXPECTED_RECIPE
from images.recipe_fields import FIELDS, HTJ2K_PROGRESSION, NOT_FOR_HTJ2K
from images.recipe_sql import condition
from images.sql_text import literal, words

_TABLE = '"DeliveryChannelPolicies"'


def create_statements() -> list[str]:
    """Everything that makes the check and its switch, in order; to be run again when the rules have changed."""
    return [_check_sizes(), _check_recipe(), _check_policy(), _refuse_bad_policy(), _guard_policies()]


def drop_statements() -> list[str]:
    """Everything that takes the check away, the trigger included if it is on."""
    return [
        "DROP FUNCTION IF EXISTS engine.guard_policies(boolean)",
        "DROP FUNCTION IF EXISTS engine.refuse_bad_policy() CASCADE",
        "DROP FUNCTION IF EXISTS engine.check_policy(text, text, text)",
        "DROP FUNCTION IF EXISTS engine.check_recipe(text)",
        "DROP FUNCTION IF EXISTS engine.check_thumb_sizes(text)",
    ]


def _check_sizes() -> str:
    not_a_list = literal(f"expected {EXPECTED_LIST}")
    return f"""
CREATE OR REPLACE FUNCTION engine.check_thumb_sizes(data text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $check$
DECLARE
  entry record;
BEGIN
  IF data COLLATE "C" ~ {_whole(OLD_LIST_PATTERN)} THEN
    RETURN CASE WHEN cardinality(string_to_array(data, ',')) > {MAX_SIZES} THEN {not_a_list} END;
  END IF;
  IF data IS NULL OR json_typeof(data::json) <> 'array' THEN
    RETURN {not_a_list};
  END IF;
  IF json_array_length(data::json) NOT BETWEEN 1 AND {MAX_SIZES} THEN
    RETURN {not_a_list};
  END IF;
  FOR entry IN SELECT json_typeof(value) AS kind, value #>> '{{}}' AS plain, ordinality
      FROM json_array_elements(data::json) WITH ORDINALITY
  LOOP
    IF NOT (CASE entry.kind
        WHEN 'number' THEN entry.plain COLLATE "C" ~ {_whole(INTEGER_PATTERN)}
        WHEN 'string' THEN entry.plain COLLATE "C" ~ {_whole(SIZE_PATTERN)}
        ELSE false END)
    THEN
      RETURN format('entry %s, %s: expected %s',
        entry.ordinality, coalesce(left(entry.plain, 60), 'null'), {literal(EXPECTED_SIZE)});
    END IF;
  END LOOP;
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN  -- no JSON, or more than PostgreSQL can hold
  RETURN {not_a_list} || ', not ' || SQLERRM;
END
$check$"""  # noqa: S608  # made of our own tables; nothing in it comes from outside


def _check_recipe() -> str:
    arms = "\n".join(
        f"      WHEN {literal(name)} THEN fits := {condition(field)}; expected := {literal(field.expected)};"
        for name, field in FIELDS.items()
    )
    no_recipe = literal(f"recipe: expected {EXPECTED_RECIPE}")
    return f"""
CREATE OR REPLACE FUNCTION engine.check_recipe(data text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $check$
DECLARE
  recipe json;
  field record;
  fits boolean;
  expected text;
  seen text[] := ARRAY[]::text[];
BEGIN
  IF data IS NULL OR data COLLATE "C" ~ '^[ \\t\\r\\n]*$' THEN
    RETURN NULL;
  END IF;
  recipe := data::json;
  IF json_typeof(recipe) <> 'object' THEN
    RETURN {no_recipe};
  END IF;
  FOR field IN SELECT key, value, json_typeof(value) AS kind, value #>> '{{}}' AS plain FROM json_each(recipe) LOOP
    CASE field.key
{arms}
      ELSE fits := false; expected := {literal(f"one of the fields {', '.join(FIELDS)}")};
    END CASE;
    IF NOT fits THEN
      RETURN format('%s: expected %s, not %s', left(field.key, 60), expected, left(field.value::text, 60));
    END IF;
    IF field.key = ANY (seen) THEN
      RETURN format('%s is named twice', field.key);
    END IF;
    seen := seen || field.key;
  END LOOP;
  IF recipe ->> 'ratio' IS NOT NULL AND recipe ->> 'rate' IS NOT NULL THEN
    RETURN 'rate: expected null beside a ratio';
  END IF;
  IF recipe ->> 'codec' = 'htj2k' THEN
    FOR field IN SELECT key FROM json_each_text(recipe)
      WHERE key = ANY ({words(NOT_FOR_HTJ2K)}) AND value IS NOT NULL
    LOOP
      RETURN field.key || ': expected nothing, for HTJ2K is written without it';
    END LOOP;
    IF recipe ->> 'progression' <> {literal(HTJ2K_PROGRESSION)} THEN
      RETURN {literal(f"progression: expected {HTJ2K_PROGRESSION} for HTJ2K")};
    END IF;
  END IF;
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN  -- no JSON, or more than PostgreSQL can hold
  RETURN {no_recipe} || ', not ' || SQLERRM;
END
$check$"""  # noqa: S608  # made of our own tables; nothing in it comes from outside


def _check_policy() -> str:
    return f"""
CREATE OR REPLACE FUNCTION engine.check_policy(channel text, name text, data text)
RETURNS text LANGUAGE sql IMMUTABLE AS $check$
  SELECT CASE
    WHEN channel = {literal(THUMBS)} THEN engine.check_thumb_sizes(data)
    WHEN channel = {literal(IMAGE)} AND name <> {literal(USE_ORIGINAL)} THEN engine.check_recipe(data)
    WHEN channel <> ALL ({words((IMAGE, *WITHOUT_DATA))}) THEN {literal(f"Channel: expected {EXPECTED_CHANNEL}")}
  END
$check$"""


def _refuse_bad_policy() -> str:
    return """
CREATE OR REPLACE FUNCTION engine.refuse_bad_policy() RETURNS trigger LANGUAGE plpgsql AS $check$
DECLARE
  problem text := engine.check_policy(NEW."Channel", NEW."Name", NEW."PolicyData");
BEGIN
  IF problem IS NOT NULL THEN
    RAISE EXCEPTION '% policy "%", PolicyData: %', NEW."Channel", NEW."Name", problem
      USING ERRCODE = 'check_violation',
        HINT = 'SELECT engine.guard_policies(false) switches this check off.';
  END IF;
  RETURN NEW;
END
$check$"""


def _guard_policies() -> str:
    return f"""
CREATE OR REPLACE FUNCTION engine.guard_policies(guarded boolean) RETURNS void LANGUAGE plpgsql AS $check$
BEGIN
  DROP TRIGGER IF EXISTS sluice_refuse_bad_policy ON {_TABLE};
  IF guarded THEN
    CREATE TRIGGER sluice_refuse_bad_policy BEFORE INSERT OR UPDATE OF "Channel", "Name", "PolicyData"
      ON {_TABLE} FOR EACH ROW EXECUTE FUNCTION engine.refuse_bad_policy();
  END IF;
END
$check$"""


def _whole(pattern: str) -> str:
    """A pattern that has to match all of a text, as Python's `fullmatch` does."""
    return literal(f"^({pattern})$")
