"""Writes policy_checks.sql beside this file: the generated SQL, for people to read and for a test to compare."""

from __future__ import annotations

from pathlib import Path

from images.policy_sql import create_statements, drop_statements

SQL = Path(__file__).with_name("policy_checks.sql")


def whole_sql() -> str:
    """Every statement, as one file."""
    return ";\n\n".join(statement.strip() for statement in [*create_statements(), *drop_statements()]) + ";\n"


if __name__ == "__main__":
    SQL.write_text(whole_sql())
