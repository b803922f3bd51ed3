"""What a migration says when it will not begin."""

from __future__ import annotations


class CannotMigrateError(Exception):
    """This database is not one that can be migrated; nothing has been changed."""
