"""Migrations as a command and as a start-up step use them; Alembic is not known outside this module.

Blocking, and with an event loop of their own: never called from inside one.
"""

from __future__ import annotations

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_exponential_jitter

HEAD = "head"
BASE = "base"


def _is_lock_timeout(error: BaseException) -> bool:
    return getattr(getattr(error, "orig", None), "sqlstate", None) == "55P03"


_patiently = retry(
    retry=retry_if_exception(_is_lock_timeout),
    stop=stop_after_attempt(6),
    wait=wait_exponential_jitter(multiplier=0.5, max=10),
    reraise=True,
)


@_patiently
def upgrade(url: str, revision: str = HEAD) -> None:
    """Brings a database up to a revision: all of the way, or not at all."""
    command.upgrade(_config(url), revision)


@_patiently
def downgrade(url: str, revision: str = BASE) -> None:
    """Takes migrations back; all of them leave the database as it was found."""
    command.downgrade(_config(url), revision)


@cache
def wanted_revision() -> str:
    """The revision that this code is written for."""
    head = ScriptDirectory.from_config(_config(None)).get_current_head()
    if head is None:
        raise RuntimeError("the installation has no migrations: install it again")
    return head


def _config(url: str | None) -> Config:
    config = Config()
    config.set_main_option("script_location", "migrations:")
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    return config
