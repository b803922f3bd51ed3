"""What SSH and SFTP servers answer, as reasons."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncssh

from policies.outcome import IngestError
from policies.reasons import (
    ORIGIN_BAD_ANSWER,
    ORIGIN_DENIED,
    ORIGIN_HOST_KEY,
    ORIGIN_IDLE,
    ORIGIN_INTERRUPTED,
    ORIGIN_NOT_FOUND,
    ORIGIN_REJECTED,
    ORIGIN_UNAUTHORISED,
    ORIGIN_UNREACHABLE,
    Kind,
)

MISSING = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPNotADirectory)
BROKEN = (asyncssh.ConnectionLost, asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)

KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Kind, str], ...] = (
    (MISSING, ORIGIN_NOT_FOUND, "there is no such file"),
    (asyncssh.SFTPPermissionDenied, ORIGIN_DENIED, "the account may not read it"),
    (asyncssh.SFTPFileIsADirectory, ORIGIN_REJECTED, "it is a folder"),
    (asyncssh.PermissionDenied, ORIGIN_UNAUTHORISED, "the server does not accept this user, password or key"),
    (asyncssh.HostKeyNotVerifiable, ORIGIN_HOST_KEY, "the server's host key is not the known one"),
    (BROKEN, ORIGIN_INTERRUPTED, "the connection broke"),
    (asyncssh.ServiceNotAvailable, ORIGIN_UNREACHABLE, "the server gives no service"),
    (asyncssh.SFTPError, ORIGIN_REJECTED, "the server refused"),
    (asyncssh.ChannelOpenError, ORIGIN_REJECTED, "the server has no SFTP for this account"),
    (asyncssh.Error, ORIGIN_BAD_ANSWER, "the server does not speak SSH as we do"),
    (TimeoutError, ORIGIN_IDLE, "no answer in time"),
    (ConnectionError, ORIGIN_INTERRUPTED, "the connection broke"),
)


@contextmanager
def translated(address: str) -> Iterator[None]:
    """Turns what the SSH library raises into reasons."""
    try:
        yield
    except IngestError:
        raise
    except (asyncssh.Error, TimeoutError, ConnectionError) as error:
        kind, words = next((kind, words) for types, kind, words in KINDS if isinstance(error, types))
        detail = f" ({error.reason[:120]})" if isinstance(error, asyncssh.Error) and error.reason else ""
        raise IngestError(kind, f"{address}: {words}{detail}") from error
    except OSError as error:
        raise IngestError(ORIGIN_INTERRUPTED, f"{address}: the connection broke ({error.strerror})") from error
    except (ValueError, LookupError, OverflowError) as error:  # what the library trips over in broken packets
        raise IngestError(ORIGIN_BAD_ANSWER, f"{address}: the server sends what is no SSH") from error
