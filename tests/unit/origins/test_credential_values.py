"""Credentials as strategies need them."""

from __future__ import annotations

import pytest

from origins.credential_values import (
    CredentialsError,
    Login,
    S3Keys,
    SshLogin,
    read_login,
    read_s3_keys,
    read_ssh_login,
)


def test_names_match_without_regard_to_case() -> None:
    assert read_login({"USER": "u", "Password": ""}) == Login("u", "")
    assert read_ssh_login({"User": "u", "PRIVATEKEY": "k", "Passphrase": "p"}) == SshLogin("u", None, "k", "p")
    assert read_s3_keys({"AccessKeyID": "a", "secretaccesskey": "s", "Region": "eu-west-1"}) == S3Keys(
        "a", "s", None, "eu-west-1"
    )


@pytest.mark.parametrize(
    ("read", "given", "word"),
    [
        (read_login, {}, "user"),
        (read_login, {"user": ""}, "user"),
        (read_login, {"user": "u"}, "password"),
        (read_login, {"user": "u", "password": 7}, "password"),
        (read_ssh_login, {"user": "u"}, "privateKey"),
        (read_ssh_login, {"user": "u", "password": ["hunter2"]}, "password"),
        (read_s3_keys, {"accessKeyId": "a"}, "secretAccessKey"),
    ],
)
def test_what_is_missing_is_named_and_nothing_quoted(read: object, given: dict[str, object], word: str) -> None:
    with pytest.raises(CredentialsError) as failure:
        read(given)  # type: ignore[operator] # one of the readers
    assert word in str(failure.value)
    assert "hunter2" not in str(failure.value)


@pytest.mark.parametrize(
    "value", [Login("u", "hunter2"), SshLogin("u", "hunter2", "hunter2", "hunter2"), S3Keys("u", "hunter2", "hunter2")]
)
def test_secrets_are_not_in_reprs(value: object) -> None:
    assert "hunter2" not in repr(value)
