"""The file that ENGINE_ENV_FILE names: lines of NAME=value, as shells, systemd and Docker write them."""

from __future__ import annotations

import re
from pathlib import Path

ENV_FILE = "ENGINE_ENV_FILE"
LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")


class EnvFileError(ValueError):
    """The file cannot be read, or a line of it is neither empty, a comment nor NAME=value."""


def read_env_file(name: str) -> dict[str, str]:
    """The variables that the named file holds; no name, no variables."""
    if not name:
        return {}
    try:
        return parse_env_lines(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EnvFileError(f"{ENV_FILE} names {name}, which cannot be used: {error}") from error


def parse_env_lines(text: str) -> dict[str, str]:
    """The variables of the text: quotes around a whole value are dropped, nothing is expanded."""
    variables: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = LINE.fullmatch(line)
        if found is None:
            raise EnvFileError(f"line {number} is not NAME=value")
        name, value = found.groups()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        variables[name] = value
    return variables
