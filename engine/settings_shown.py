"""Settings as people read them: for `sluice settings` and docs/settings.md. Shows no secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.env_file import ENV_FILE
from engine.settings import EVERYTHING, Settings
from engine.settings_table import SECTIONS
from engine.variables import Problem, Variable
from policies.redact import redact

DEFAULT = "default"
UNSET = "not set"


@dataclass(frozen=True, slots=True)
class Shown:
    """One variable and its value now."""

    section: str
    name: str
    value: str
    source: str
    meaning: str
    set: bool
    problem: str = ""


def shown_settings(settings: Settings, problems: Sequence[Problem] = ()) -> list[Shown]:
    """Every variable of the table in its order, with what is wrong about it."""
    wrong = {problem.name: f"{problem.given}; expected {problem.expected}" for problem in problems}
    return [
        replace(_shown(section.title, variable, settings), problem=wrong.get(variable.name, ""))
        for section in SECTIONS
        for variable in section.variables
    ]


def _shown(section: str, variable: Variable[Any], settings: Settings) -> Shown:
    given = settings.given.get(variable.name)
    if given is None:
        value = default_of(variable)
        source = DEFAULT if value else UNSET
        return Shown(section, variable.name, value, source, variable.meaning, set=False)
    hidden = variable.secret and "://" not in given.text
    value = "(hidden)" if hidden else redact(given.text)
    return Shown(section, variable.name, value, given.source, variable.meaning, set=True)


def default_of(variable: Variable[Any]) -> str:
    """The default as an operator would write it; empty when there is none."""
    if variable.shown:
        return variable.shown
    match variable.default:
        case bool():
            return "on" if variable.default else "off"
        case None | "" | ():
            return ""
        case frozenset() if not variable.default:
            return ""
        case float():
            return f"{variable.default:g}"
        case other:
            return str(other)


def settings_page() -> str:
    """docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "<!-- made by `make docs` from engine/settings_table.py and settings_beside.py; do not edit -->",
        "",
        "Everything is set by environment variables. AWS's own (`AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_PROFILE`, …)",
        f"mean what they always mean. A file that `{ENV_FILE}` names may hold the same as lines of `NAME=value`;",
        "the environment goes before it. All bad variables are reported together. `sluice settings` shows what is set,",
        "from where, and what it means; secrets are hidden.",
        "",
        "Variables marked * must be set for `sluice engine`. Other commands need only what they use. The last three",
        "sections are read by others than the engine; it shows them, and leaves it to them to judge.",
    ]
    for section in SECTIONS:
        lines += ["", f"## {section.title}", "", "| variable | meaning | expected | default |", "|---|---|---|---|"]
        for variable in section.variables:
            star = "*" if variable.name in EVERYTHING else ""
            default = f"`{default_of(variable)}`" if default_of(variable) and not variable.shown else variable.shown
            lines.append(
                f"| `{variable.name}`{star} | {variable.meaning} | {variable.form.expected} | {default or '-'} |"
            )
    return "\n".join(lines) + "\n"
