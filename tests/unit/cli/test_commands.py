"""The command line as such: every command loads alone, help is quick, failures are sentences."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest

from engine.cli.commands import COMMANDS, Entry
from engine.cli.expected import expected
from engine.cli.run import run
from engine.cli.stop import Failed, Misused
from policies.outcome import IngestError
from policies.reasons import DATABASE_AWAY, STORAGE_DENIED

PRESENT = [entry for entry in COMMANDS if entry.exists]
HEAVY = {"aioboto3", "botocore", "numpy", "sqlalchemy", "aiohttp", "PIL", "asyncssh", "alembic"}


@pytest.mark.parametrize("entry", PRESENT, ids=lambda entry: entry.name)
def test_every_command_has_help_with_an_example(entry: Entry, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*entry.words, "--help"], {}) == 0
    assert "sluice " in capsys.readouterr().out.split("Examples:")[1]


@pytest.mark.parametrize("entry", PRESENT, ids=lambda entry: entry.name)
def test_no_example_is_broken_on_a_terminal_of_80_columns(entry: Entry) -> None:
    function = getattr(import_module(entry.module), entry.target.partition(":")[2])
    examples = inspect.cleandoc(function.__doc__).split("Examples:\n")[1].splitlines()
    assert max(map(len, examples)) <= 78


def test_help_lists_every_command_and_loads_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"], {}) == 0
    out = capsys.readouterr().out
    assert all(entry.words[0] in out for entry in PRESENT)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from engine.cli.run import run; run(['--help'], {}); "
        f"print(','.join({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == ""


@pytest.mark.parametrize("words", [["ingets"], ["settings", "--nonsense"], ["queue", "nothing"]])
def test_wrong_use_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words, {}) == 2
    assert capsys.readouterr().err


def test_bad_settings_are_2_and_all_named(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    file = tmp_path / "x.env"
    file.write_text("nonsense")
    assert run(["settings"], {"ENGINE_ENV_FILE": str(file)}) == 2
    assert "line 1 is not NAME=value" in capsys.readouterr().err


def test_the_lines_of_the_file_that_are_not_ours_are_seen_by_others(tmp_path: Any) -> None:
    file = tmp_path / "x.env"
    file.write_text("AWS_REGION=eu-west-1\nPROCESSOR_PORT=1\nENGINE_SLOTS=3\nAWS_PROFILE=file\n")
    environ = {"ENGINE_ENV_FILE": str(file), "AWS_PROFILE": "ours"}
    run(["--help"], environ)
    assert environ == {
        "ENGINE_ENV_FILE": str(file),
        "AWS_REGION": "eu-west-1",
        "PROCESSOR_PORT": "1",
        "AWS_PROFILE": "ours",
    }


def test_an_expected_failure_is_a_sentence_and_what_to_do() -> None:
    stop = expected(IngestError(STORAGE_DENIED, "s3://u:hunter2@storage: S3 answered AccessDenied"))
    assert isinstance(stop, Failed)
    assert stop.remedy == STORAGE_DENIED.remedy
    away = expected(IngestError(DATABASE_AWAY, "the database does not answer"))
    assert away is not None
    assert "sluice doctor" in away.remedy
    refused = expected(ConnectionRefusedError(111, "Connection refused"))
    assert refused is not None
    assert "Connection refused" in refused.happened
    assert expected(ExceptionGroup("tasks", [Misused("no")])) is not None


def test_a_fault_in_sluice_is_not_dressed_up() -> None:
    assert expected(ZeroDivisionError()) is None


def test_shell_completion_is_there() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from engine.cli import main; main()"],
        env={"_SLUICE_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "sluice se"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "settings" in done.stdout
