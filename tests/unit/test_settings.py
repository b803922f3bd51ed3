"""Settings: read once, all problems together, secrets never shown."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.env_file import ENV_FILE, EnvFileError, parse_env_lines
from engine.origin_regex import NOWHERE, regex_of_bucket
from engine.settings import EVERYTHING, examine_settings, read_settings
from engine.settings_beside import BESIDE
from engine.settings_shown import shown_settings
from engine.settings_table import BY_NAME
from engine.variables import SettingsError
from processor.settings import from_environment


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = read_settings({})
    assert settings.work.slots == 16
    assert [size.text for size in settings.thumbnails.default_sizes] == [
        "!100,100",
        "!200,200",
        "!400,400",
        "!1024,1024",
    ]
    assert settings.origins.regex == NOWHERE
    assert settings.thumbnails.cascade


def test_every_bad_variable_is_reported_at_once_with_what_was_expected() -> None:
    environ = {
        "ENGINE_SLOTS": "many",
        "ENGINE_DEFAULT_THUMBS": "!400,400 huge",
        "ENGINE_PROCESSOR_URL": "processor:8081",
        "ENGINE_ALLOWED_NETWORKS": "10.0.0.0/40",
        "ENGINE_ORIGIN_REGEX": "  ",
    }
    with pytest.raises(SettingsError) as caught:
        read_settings(environ)
    assert {problem.name for problem in caught.value.problems} == set(environ)
    assert "a whole number from 1 to 1000" in str(caught.value)
    assert "huge" in str(caught.value)


def test_a_bad_secret_is_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({"ENGINE_DATABASE_URL": "mysql://root:hunter2@db/x"})
    assert "hunter2" not in str(caught.value)
    assert "postgresql://" in str(caught.value)


def test_missing_variables_are_reported_together() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({"ENGINE_STORAGE_BUCKET": "storage"}).require(*EVERYTHING)
    missing = {problem.name for problem in caught.value.problems}
    assert missing == set(EVERYTHING) - {"ENGINE_STORAGE_BUCKET"}


def test_a_blank_variable_counts_as_unset() -> None:
    settings = read_settings({"ENGINE_SLOTS": " ", "ENGINE_FILE_QUEUE": ""})
    assert settings.work.slots == 16
    assert settings.queues.file is None


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "engine.env"
    file.write_text("# ours\nexport ENGINE_SLOTS=3\nENGINE_ATTEMPTS='7'\n")
    settings = read_settings({"ENGINE_ENV_FILE": str(file), "ENGINE_SLOTS": "5"})
    assert (settings.work.slots, settings.work.attempts) == (5, 7)
    assert settings.given["ENGINE_ATTEMPTS"].source == f"the file {file}"


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(EnvFileError, match=r"ENGINE_ENV_FILE names /nowhere/engine\.env"):
        read_settings({"ENGINE_ENV_FILE": "/nowhere/engine.env"})


def test_a_line_of_the_file_that_is_no_variable_is_named_by_its_number() -> None:
    with pytest.raises(EnvFileError, match="line 2"):
        parse_env_lines("A=1\nnot a variable\n")


@given(st.dictionaries(st.from_regex(r"[A-Z_]{1,8}", fullmatch=True), st.from_regex(r"[!-~]{0,20}", fullmatch=True)))
def test_what_is_written_without_spaces_and_quotes_is_read_back(variables: dict[str, str]) -> None:
    text = "\n".join(f"{name}={value}" for name, value in variables.items())
    unquoted = {name: value for name, value in variables.items() if value[:1] not in {'"', "'"}}
    read = parse_env_lines(text)
    assert {name: read[name] for name in unquoted} == unquoted


def test_priority_slots_must_leave_some_for_the_rest() -> None:
    with pytest.raises(SettingsError, match="fewer than the 2 of ENGINE_SLOTS"):
        read_settings({"ENGINE_SLOTS": "2", "ENGINE_PRIORITY_SLOTS": "2"})


def test_a_heart_that_beats_too_rarely_is_refused() -> None:
    with pytest.raises(SettingsError, match="a third of ENGINE_LEASE_SECONDS"):
        read_settings({"ENGINE_HEART_SECONDS": "100", "ENGINE_VISIBILITY_SECONDS": "1000"})


def test_names_that_mean_nothing_come_with_what_was_perhaps_meant() -> None:
    assert read_settings({"ENGINE_SLOT": "3"}).unknown == ("ENGINE_SLOT (perhaps ENGINE_SLOTS?)",)


def test_the_scratch_of_the_processor_is_ours_unless_said_otherwise() -> None:
    settings = read_settings({"ENGINE_SCRATCH": "/mnt/scratch"})
    assert str(settings.processor.processor_scratch) == "/mnt/scratch"


def test_path_style_follows_the_endpoint_unless_said_otherwise() -> None:
    emulator = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
    assert not read_settings({}).aws.path_style
    assert read_settings(emulator).aws.path_style
    assert not read_settings(emulator | {"ENGINE_S3_PATH_STYLE": "off"}).aws.path_style


def test_the_region_is_put_into_uris_only_when_asked() -> None:
    assert read_settings({"AWS_REGION": "eu-west-1"}).rules().region is None
    asked = read_settings({"AWS_REGION": "eu-west-1", "ENGINE_S3_URI_REGION": "on"})
    assert asked.rules().region == "eu-west-1"
    assert asked.rules("eu-west-2").region == "eu-west-2"


def test_no_value_of_a_secret_is_shown() -> None:
    environ = {
        "ENGINE_DATABASE_URL": "postgresql://sluice:hunter2@db/dlcs",
        "ENGINE_HTTP_TOKEN": "hunter2",
        "ENGINE_CREDENTIALS_KEYS": "k1:hunter2",
    }
    shown = shown_settings(read_settings(environ))
    assert not any("hunter2" in one.value for one in shown)
    assert "hunter2" not in repr(read_settings(environ))
    assert {one.name for one in shown if one.set} == set(environ)


def test_what_is_wrong_is_shown_beside_the_rest() -> None:
    settings, problems = examine_settings({"ENGINE_SLOTS": "x", "ENGINE_ATTEMPTS": "3"})
    shown = {one.name: one for one in shown_settings(settings, problems)}
    assert "whole number" in shown["ENGINE_SLOTS"].problem
    assert not shown["ENGINE_ATTEMPTS"].problem
    assert set(shown) == set(BY_NAME)


ROOT = Path(__file__).resolve().parents[2]
VARIABLE = re.compile(r"(ENGINE|PROCESSOR|IMAGE_SERVER|AWS|OTEL|ECS)(_[A-Z0-9]+)+")
TOLD = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"}
"""What the local system sets for AWS's libraries, and nobody here reads."""


def variables_named_in(*folders: str) -> set[str]:
    """Every text in the code, but in the tables, that is the name of a variable as we and our neighbours name them."""
    return {
        node.value
        for folder in folders
        for file in (ROOT / folder).rglob("*.py")
        if file.name not in {"settings_table.py", "settings_beside.py"}
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and VARIABLE.fullmatch(node.value)
    }


def test_every_variable_that_is_read_is_listed() -> None:
    read = variables_named_in("engine", "origins", "processor", "local", "migrations")
    assert read - TOLD - {ENV_FILE} <= set(BY_NAME)


def test_every_variable_that_is_listed_for_others_is_read_by_them() -> None:
    listed = {variable.name for section in BESIDE for variable in section.variables}
    assert listed <= variables_named_in("engine", "processor")


def test_the_defaults_that_are_listed_are_the_processors(tmp_path: Path) -> None:
    by_itself = from_environment({"PROCESSOR_SCRATCH": str(tmp_path)})
    named = {
        "PROCESSOR_HOST": by_itself.host,
        "PROCESSOR_PORT": by_itself.port,
        "PROCESSOR_SECONDS": by_itself.seconds,
        "PROCESSOR_RECYCLE": by_itself.recycle,
        "PROCESSOR_DRAIN_SECONDS": by_itself.drain,
        "PROCESSOR_MAX_PIXELS": by_itself.limits.max_pixels,
        "PROCESSOR_J2K_ENCODER": by_itself.limits.j2k_encoder,
        "PROCESSOR_HTJ2K_ENCODER": by_itself.limits.htj2k_encoder,
    }
    assert {name: BY_NAME[name].default for name in named} == named


BUCKET = "dlcs.origin-1"
OURS = [
    f"s3://{BUCKET}/99/1/x.tif",
    f"s3://eu-west-1/{BUCKET}/99/1/x.tif",
    f"https://{BUCKET}.s3.amazonaws.com/99/x",
    f"http://{BUCKET}.s3.eu-west-1.amazonaws.com/99/x",
    f"https://s3.amazonaws.com/{BUCKET}/99/x",
    f"https://s3.eu-west-1.amazonaws.com/{BUCKET}/99/x",
    f"https://s3-us-gov-west-1.amazonaws.com/{BUCKET}/99/x",
    f"S3://{BUCKET.upper()}/99/1/x.tif",
]
OTHERS = [
    "s3://dlcsXorigin-1/99/1/x.tif",
    f"s3://{BUCKET}-2/99/1/x.tif",
    f"s3://other/{BUCKET}/x",
    f"https://example.org/{BUCKET}/x",
    f"https://example.org/?x=s3://{BUCKET}/x",
    f"https://evil.{BUCKET}.s3.amazonaws.com/x",
    f"https://{BUCKET}.s3.amazonaws.com.example.org/x",
]


@pytest.mark.parametrize("origin", OURS)
def test_every_address_of_our_origin_bucket_is_ours(origin: str) -> None:
    assert re.search(regex_of_bucket(BUCKET), origin, re.IGNORECASE)


@pytest.mark.parametrize("origin", OTHERS)
def test_no_other_address_is(origin: str) -> None:
    assert not re.search(regex_of_bucket(BUCKET), origin, re.IGNORECASE)


@given(st.dictionaries(st.sampled_from(sorted(BY_NAME)), st.text(st.characters(exclude_characters="\0"))))
def test_any_environment_gives_settings_or_named_problems(environ: dict[str, str]) -> None:
    settings, problems = examine_settings(environ)
    assert settings.work.slots >= 1
    assert {problem.name for problem in problems} <= set(BY_NAME)
