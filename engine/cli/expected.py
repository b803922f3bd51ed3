"""Failures that a command may meet from outside, as sentences: what happened and what to do.

Knows libraries by the names of their modules only, so that wording an error imports none of them.
"""

from __future__ import annotations

from engine.cli.stop import Failed, Misused, Stop
from engine.env_file import EnvFileError
from engine.variables import SettingsError
from policies.outcome import IngestError
from policies.redact import redact

DOCTOR = "`sluice doctor` tries every dependency by name."
REMEDIES = (
    ("asyncpg.", "Is the database at ENGINE_DATABASE_URL up and migrated? `sluice doctor` tries it."),
    ("sqlalchemy.", "Is the database at ENGINE_DATABASE_URL up and migrated? `sluice doctor` tries it."),
    ("botocore.", "Are the AWS endpoint, credentials and names right? `sluice doctor` tries each."),
    ("aiohttp.", "Is the other side up? `sluice doctor` tries every dependency."),
)


def expected(error: Exception) -> Stop | None:
    """The error as an end of the command, or None when it is a fault in Sluice."""
    match error:
        case Stop():
            return error
        case SettingsError() | EnvFileError():
            return Misused(str(error), "`sluice settings` shows every variable and what it means.")
        case IngestError():
            remedy = error.reason.kind.remedy
            by_itself = remedy.startswith("Nothing")  # an engine tries again; a person at a terminal wants to look
            return Failed(redact(error.reason.message), DOCTOR if by_itself else remedy)
        case ExceptionGroup() if len(error.exceptions) == 1 and isinstance(error.exceptions[0], Exception):
            return expected(error.exceptions[0])
    for kind in type(error).__mro__:
        for library, remedy in REMEDIES:
            if f"{kind.__module__}.".startswith(library):
                return Failed(_sentence(error), remedy)
    if isinstance(error, OSError | TimeoutError):
        return Failed(_sentence(error), DOCTOR)
    return None


def _sentence(error: Exception) -> str:
    return redact(str(error).strip().split("\n")[0]) or type(error).__name__
