"""Who may import whom, and what the pure rooms may not touch: read from the source, never run."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("images", "policies", "origins", "engine", "processor", "local", "migrations")

MAY_IMPORT = {
    "images": frozenset(),
    "policies": {"images"},
    "origins": {"policies", "images"},
    "processor": {"images"},
    "engine": {"policies", "images", "origins"},
    "migrations": {"images"},
    "local": set(ROOMS),
}
"""The rooms that a room may import beside itself; the exceptions stand in ALSO."""

ALSO = {
    "engine.cli": {"local", "processor", "migrations"},
}
"""What a part of a room may import that the rest of its room may not."""

NEVER = {
    "engine.outbound": {"engine.inbound", "engine.cli", "engine.ingest", "engine.db"},
    "engine.db": {"engine.inbound", "engine.cli", "engine.ingest", "engine.outbound"},
    "engine.ingest": {"engine.inbound", "engine.cli"},
    "engine.inbound": {"engine.cli"},
}
"""Directions inside the engine: inbound → ingest → db and outbound, which know neither those above nor each other."""

PURE_ROOMS = ("images", "policies")
PURE_LIBRARIES = {
    *("__future__", "abc", "base64", "codecs", "collections", "contextlib", "dataclasses", "datetime", "decimal"),
    *("enum", "fractions", "functools", "hashlib", "hmac", "html", "ipaddress", "itertools", "json", "math"),
    *("mimetypes", "operator", "posixpath", "re", "regex", "string", "struct", "textwrap", "types", "typing"),
    *("unicodedata", "urllib.parse", "uuid"),
}
EXCEPTIONS = {
    ("policies.origin_strategy", "time"),  # a search has a budget of time; the clock is an argument, this its default
}
IMPURE_NAMES = {
    *("open", "input", "print", "exec", "eval", "__import__", "breakpoint"),
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now", "uuid4", "uuid1"),
    *("uuid.uuid4", "uuid.uuid1", "mimetypes.guess_type", "mimetypes.init"),
}
"""Calls that read a clock, chance, the disk or the machine's configuration."""


@dataclass(frozen=True, slots=True)
class Import:
    module: str  # that imports
    target: str  # that is imported
    where: str


@cache
def trees() -> dict[str, tuple[Path, ast.Module]]:
    """Every module of every room, parsed, by its dotted name."""
    found = {}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = (path, ast.parse(path.read_text(encoding="utf-8")))
    return found


def imports_of(module: str) -> Iterator[Import]:
    """Every import in a module, wherever in it, lazily or for types only."""
    path, tree = trees()[module]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            targets = [name if (name := f"{base}.{alias.name}") in trees() else base for alias in node.names]
        else:
            continue
        where = f"{path.relative_to(ROOT)}:{node.lineno}"
        yield from (Import(module, target, where) for target in targets)


def within(module: str, part: str) -> bool:
    return module == part or module.startswith(f"{part}.")


def all_imports() -> Iterator[Import]:
    for module in trees():
        yield from imports_of(module)


def test_rooms_import_only_the_rooms_below_them() -> None:
    wrong = []
    for one in all_imports():
        room, target = one.module.split(".")[0], one.target.split(".")[0]
        allowed = {room, *MAY_IMPORT[room]}
        allowed.update(*(rooms for part, rooms in ALSO.items() if within(one.module, part)))
        if target in ROOMS and target not in allowed:
            wrong.append(f"{one.where}: {one.module} imports {one.target}")
    assert not wrong, "\n".join(wrong)


def test_the_engine_imports_downwards_only() -> None:
    wrong = [
        f"{one.where}: {one.module} imports {one.target}"
        for one in all_imports()
        for part, refused in NEVER.items()
        if within(one.module, part) and any(within(one.target, target) for target in refused)
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_imports_the_tests_or_the_benchmarks() -> None:
    wrong = [one.where for one in all_imports() if one.target.split(".")[0] in {"tests", "bench"}]
    assert not wrong, "\n".join(wrong)


def pure_modules() -> list[str]:
    return [module for module in trees() if module.split(".")[0] in PURE_ROOMS]


@pytest.mark.parametrize("module", pure_modules())
def test_a_pure_module_imports_only_what_cannot_wait_nor_look_around(module: str) -> None:
    wrong = [
        f"{one.where}: {one.target}"
        for one in imports_of(module)
        if one.target.split(".")[0] not in PURE_ROOMS
        and one.target not in PURE_LIBRARIES
        and one.target.split(".")[0] not in PURE_LIBRARIES
        and (module, one.target) not in EXCEPTIONS
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("module", pure_modules())
def test_a_pure_module_neither_waits_nor_asks_the_world(module: str) -> None:
    path, tree = trees()[module]
    wrong = []
    for node in ast.walk(tree):
        waits = isinstance(node, ast.Await | ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith)
        asks = isinstance(node, ast.Call) and ast.unparse(node.func) in IMPURE_NAMES
        if isinstance(node, ast.stmt | ast.expr) and (waits or asks):
            wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)[:60]}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("module", [module for module in trees() if within(module, "images")])
def test_images_import_nothing_but_the_standard_library(module: str) -> None:
    outside = {one.target.split(".")[0] for one in imports_of(module)} - {"images"}
    assert outside <= sys.stdlib_module_names


def test_no_installed_package_has_the_name_of_a_room() -> None:
    owners = {room: packages_distributions().get(room, []) for room in ROOMS}
    assert {room: set(names) - {"sluice"} for room, names in owners.items()} == {room: set() for room in ROOMS}
