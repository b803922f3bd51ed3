"""The credentials of a place: from the text of its row to values, wherever they are kept, in clear or sealed.

Objects are read only from the security bucket, and there only under the customer's own prefix. What is wrong is said
by its name; what is secret is never part of a message.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from origins.aws import AwsClients
from origins.credential_values import (
    CredentialsError,
    Login,
    Properties,
    S3Keys,
    SshLogin,
    read_login,
    read_s3_keys,
    read_ssh_login,
)
from origins.encryption import KMS, PREFIX, Key, Sealed, SealError, read_sealed, unseal
from origins.kms import Kms
from policies.outcome import IngestError
from policies.plan import Place
from policies.reasons import (
    CREDENTIALS_AWAY,
    CREDENTIALS_INVALID,
    CREDENTIALS_UNREADABLE,
    STRATEGY_WITHOUT_CREDENTIALS,
)
from policies.s3_address import read_s3

Value = TypeVar("Value")
LARGEST = 64 * 1024
"""Bytes of an object that holds credentials."""


class Credentials:
    """Reads credentials when they are needed; keeps none."""

    def __init__(self, clients: AwsClients, security_bucket: str, keys: Sequence[Key]) -> None:
        self._clients = clients
        self._bucket = security_bucket
        self._keys: Mapping[str, Key] = {key.id: key for key in keys}
        self._kms = Kms(clients)

    async def login(self, place: Place) -> Login:
        """A user and password for HTTP."""
        return self._read(await self._needed(place), place, read_login)

    async def ssh_login(self, place: Place) -> SshLogin:
        """A user with a password or key for SFTP."""
        return self._read(await self._needed(place), place, read_ssh_login)

    async def s3_keys(self, place: Place) -> S3Keys | None:
        """The customer's own keys for S3; None when the row has no credentials: the ambient ones."""
        text = await self._text(place)
        return self._read(text, place, read_s3_keys) if text else None

    async def _needed(self, place: Place) -> str:
        if text := await self._text(place):
            return text
        raise IngestError(
            STRATEGY_WITHOUT_CREDENTIALS, f"{_row(place)} has no credentials, and {place.kind} needs them"
        )

    async def _text(self, place: Place) -> str:
        text = place.credentials.strip()
        if text.lower().startswith("s3://"):
            text = (await self._object(text, place)).strip()
        if not text.startswith(PREFIX):
            return text
        try:
            sealed = read_sealed(text)
            return unseal(sealed, place.asset.customer, await self._key_of(sealed, place.asset.customer))
        except SealError as error:
            raise IngestError(CREDENTIALS_UNREADABLE, f"the encrypted credentials of {_row(place)}: {error}") from error

    async def _key_of(self, sealed: Sealed, customer: int) -> Key:
        if sealed.key_id == KMS:
            return await self._kms.key_of(sealed, customer)
        if key := self._keys.get(sealed.key_id):
            return key
        raise SealError(f"it needs the key {sealed.key_id}, which ENGINE_CREDENTIALS_KEYS does not have")

    def _read(self, text: str, place: Place, read: Callable[[Properties], Value]) -> Value:
        try:
            given = json.loads(text)
            return read(given if isinstance(given, dict) else {})
        except json.JSONDecodeError:
            raise IngestError(CREDENTIALS_INVALID, f"the credentials of {_row(place)} are no JSON") from None
        except CredentialsError as error:
            raise IngestError(CREDENTIALS_INVALID, f"the credentials of {_row(place)}: {error}") from error

    async def _object(self, uri: str, place: Place) -> str:
        address = read_s3(uri)
        mine = f"{place.asset.customer}/"
        if not address or not self._bucket or address.bucket != self._bucket or not address.key.startswith(mine):
            raise IngestError(
                CREDENTIALS_UNREADABLE,
                f"the credentials of {_row(place)} must be in the security bucket under {mine}, not at {uri[:200]}",
            )
        try:
            s3 = await self._clients.ambient(address.region)
            answer = await s3.get_object(Bucket=address.bucket, Key=address.key)
            async with answer["Body"] as body:
                if answer["ContentLength"] > LARGEST:
                    raise IngestError(CREDENTIALS_INVALID, f"{address.plain} is larger than credentials ever are")
                content = await body.read()
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            kind = CREDENTIALS_UNREADABLE if 400 <= status < 500 and status != 429 else CREDENTIALS_AWAY
            raise IngestError(kind, f"{address.plain}: S3 answered {error.response['Error'].get('Code')}") from error
        except (BotoCoreError, OSError) as error:
            raise IngestError(CREDENTIALS_AWAY, f"{address.plain}: {type(error).__name__}") from error
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise IngestError(CREDENTIALS_INVALID, f"{address.plain} is no text in UTF-8") from error


def _row(place: Place) -> str:
    return f"origin strategy {place.strategy_id}" if place.strategy_id else "the built-in origin strategy"
