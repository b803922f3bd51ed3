"""Credentials as strategies need them: read from the properties of a JSON object, whatever their case. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class CredentialsError(ValueError):
    """A property is missing or of the wrong kind; the message names it and holds no secret."""


@dataclass(frozen=True, slots=True)
class Login:
    """For `basic-http-authentication`."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SshLogin:
    """For `sftp`: a password, or a private key, or both."""

    user: str
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class S3Keys:
    """For `s3-ambient` with a customer's own keys."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    region: str | None = None


Properties = Mapping[str, object]


def read_login(given: Properties) -> Login:
    """A user and a password, which may be empty."""
    low = _lowered(given)
    return Login(_needed(low, "user"), _needed(low, "password", empty=True))


def read_ssh_login(given: Properties) -> SshLogin:
    """A user, and a way to prove it."""
    low = _lowered(given)
    login = SshLogin(
        user=_needed(low, "user"),
        password=_optional(low, "password"),
        private_key=_optional(low, "privateKey"),
        passphrase=_optional(low, "passphrase"),
    )
    if login.password is None and login.private_key is None:
        raise CredentialsError("expected `password` or `privateKey`")
    return login


def read_s3_keys(given: Properties) -> S3Keys:
    """An access key and its secret, perhaps a region."""
    low = _lowered(given)
    return S3Keys(
        access_key_id=_needed(low, "accessKeyId"),
        secret_access_key=_needed(low, "secretAccessKey"),
        session_token=_optional(low, "sessionToken"),
        region=_optional(low, "region"),
    )


def _lowered(given: Properties) -> Properties:
    return {name.lower(): value for name, value in given.items()}


def _needed(low: Properties, name: str, *, empty: bool = False) -> str:
    value = low.get(name.lower())
    if not isinstance(value, str) or not (value or empty):
        raise CredentialsError(f"expected `{name}`, a text")
    return value


def _optional(low: Properties, name: str) -> str | None:
    value = low.get(name.lower())
    if value is not None and not isinstance(value, str):
        raise CredentialsError(f"expected `{name}` to be a text")
    return value or None
