"""From words on the command line to an exit code: finds the command, loads it alone, and words its failures."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, MutableMapping, Sequence
from functools import wraps
from importlib import import_module
from typing import Any

import typer

from engine.cli.commands import COMMANDS, Entry
from engine.cli.environment import lay_beneath
from engine.cli.expected import expected
from engine.cli.output import complain

HELP = """An image ingest engine: here is an image somewhere, out comes a IIIF-ready JPEG 2000 with thumbnails.

Settings come from the environment (see sluice settings). Commands that print data take --json. Exit codes: 0 done, 1 the work failed, 2 wrong use."""  # noqa: E501 - a paragraph of help is one line

Command = Callable[..., Any]


def run(words: Sequence[str], environ: MutableMapping[str, str]) -> int:
    """Runs one command line and gives its exit code."""
    try:
        lay_beneath(environ)
        asked = words or _being_completed(environ)
        result = application(asked)(args=list(words), prog_name="sluice", standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except Exception as error:
        stop = expected(error)
        if stop is None:
            raise
        complain(stop)
        return stop.code
    return result if isinstance(result, int) else 0


def application(words: Sequence[str]) -> typer.Typer:
    """The whole tree of commands, in which only the ones that the words name are loaded."""
    root = _group(HELP)
    root.callback()(_nothing)
    groups: dict[str, typer.Typer] = {}
    parents = {entry.words[0] for entry in COMMANDS if entry.exists and len(entry.words) > 1}
    wanted = [word for word in words if not word.startswith("-")][:1]
    for entry in COMMANDS:
        head = entry.words[0]
        loaded = [head] == wanted
        if head in parents and head not in groups:
            groups[head] = _group(entry.line, alone=entry.exists)
            function = _command(entry, loaded=loaded and entry.exists)
            groups[head].callback(invoke_without_command=entry.exists, help=_help(entry, function))(function)
            root.add_typer(groups[head], name=head, short_help=entry.line, rich_help_panel=entry.panel)
        elif entry.exists:
            home = groups.get(head, root) if len(entry.words) > 1 else root
            function = _command(entry, loaded=loaded)
            home.command(
                entry.words[-1],
                short_help=entry.line,
                help=_help(entry, function),
                rich_help_panel=entry.panel if home is root else None,
            )(function)
    return root


def _group(line: str, *, alone: bool = False) -> typer.Typer:
    return typer.Typer(
        help=line,
        no_args_is_help=not alone,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _nothing() -> None:
    """Groups do nothing themselves."""


def _command(entry: Entry, *, loaded: bool) -> Command:
    if not loaded:
        return _nothing
    function: Command = getattr(import_module(entry.module), entry.target.partition(":")[2])
    if not inspect.iscoroutinefunction(function):
        return function

    @wraps(function)
    def waiting(**options: object) -> object:
        return asyncio.run(function(**options))

    return waiting


def _help(entry: Entry, function: Command) -> str:
    """The function's docstring, its paragraphs as wide as the terminal; the table's line while it is not loaded."""
    if function is _nothing:
        return entry.line
    paragraphs = inspect.cleandoc(function.__doc__ or entry.line).split("\n\n")
    return "\n\n".join(one if one.startswith("Examples:") else one.replace("\n", " ") for one in paragraphs)


def _being_completed(environ: MutableMapping[str, str]) -> list[str]:
    """The words on the line that a shell asks us to complete."""
    line = environ.get("_TYPER_COMPLETE_ARGS") or environ.get("COMP_WORDS") or ""
    return line.split()[1:]
