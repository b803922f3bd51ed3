"""Keys from AWS KMS: a fresh key for each sealed text, which travels with it, encrypted by KMS for the customer."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from origins.aws import AwsClients
from origins.encryption import KMS, Key, Sealed, SealError, seal
from policies.outcome import IngestError
from policies.reasons import CREDENTIALS_AWAY

FINAL = {400, 403, 404}


class Kms:
    """Makes and opens such keys."""

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients

    async def seal(self, text: str, customer: int, kms_key: str) -> str:
        """Seals a text with a new key of a KMS key."""
        try:
            made = await (await self._clients.kms()).generate_data_key(
                KeyId=kms_key, KeySpec="AES_256", EncryptionContext=_context(customer)
            )
        except (ClientError, BotoCoreError) as error:
            raise SealError(f"AWS KMS makes no key: {error}") from error
        return seal(text, customer, Key(KMS, made["Plaintext"]), wrapped_key=made["CiphertextBlob"])

    async def key_of(self, sealed: Sealed, customer: int) -> Key:
        """The key that a sealed text brought along."""
        try:
            opened = await (await self._clients.kms()).decrypt(
                CiphertextBlob=sealed.wrapped_key, EncryptionContext=_context(customer)
            )
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in FINAL:
                raise SealError(f"AWS KMS does not open its key: {error.response['Error'].get('Code')}") from error
            raise IngestError(CREDENTIALS_AWAY, f"AWS KMS: {error}") from error
        except BotoCoreError as error:
            raise IngestError(CREDENTIALS_AWAY, f"AWS KMS: {error}") from error
        return Key(KMS, opened["Plaintext"])


def _context(customer: int) -> dict[str, str]:
    return {"sluice-customer": str(customer)}
