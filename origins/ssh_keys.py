"""Keys for SSH: a customer's own, and those that hosts are known by. Reads files, so called from worker threads."""

from __future__ import annotations

from pathlib import Path

import asyncssh

from origins.credential_values import SshLogin
from policies.outcome import IngestError
from policies.plan import Place
from policies.reasons import CREDENTIALS_INVALID, ORIGIN_HOST_KEY


def private_keys(login: SshLogin, place: Place) -> list[asyncssh.SSHKey] | None:
    """The key that the login brings along; None: no key is tried, none of this machine's either."""
    if login.private_key is None:
        return None
    try:
        return [asyncssh.import_private_key(login.private_key, login.passphrase)]
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError) as error:
        raise IngestError(
            CREDENTIALS_INVALID, f"the private key of origin strategy {place.strategy_id}: {error}"
        ) from None


def known_hosts(file: Path | None) -> asyncssh.SSHKnownHosts | None:
    """The hosts of an OpenSSH known_hosts file; None: every host is believed."""
    if file is None:
        return None
    try:
        return asyncssh.read_known_hosts(str(file))
    except (OSError, ValueError) as error:
        raise IngestError(ORIGIN_HOST_KEY, f"the known-hosts file cannot be used: {error}") from error
