"""Credentials at rest: `enc:v1:{key id}:{base64}` texts, sealed with AES-256-GCM for one customer. Pure but for chance.

The key id inside says which key opens a text, so that two keys may be in use while one replaces the other. The
customer is sealed in: a text copied into another customer's row does not open. With AWS KMS (`origins.kms`) the key
itself travels along, encrypted.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PREFIX = "enc:v1:"
KMS = "kms"
"""The key id of texts that bring their own key, encrypted by AWS KMS."""
NONCE = 12
KEY_BYTES = 32
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
KEYS_FORM = "`id:base64 of 32 bytes`, several separated by commas"


class SealError(ValueError):
    """A sealed text, or the keys, are not usable; the message says why and holds no secret."""


@dataclass(frozen=True, slots=True)
class Key:
    """One AES-256 key and its name."""

    id: str
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed text, taken apart."""

    key_id: str
    wrapped_key: bytes  # with KMS only: the key, encrypted
    nonce: bytes
    body: bytes

    def __str__(self) -> str:
        wrapped = f"{_encode(self.wrapped_key)}." if self.wrapped_key else ""
        return f"{PREFIX}{self.key_id}:{wrapped}{_encode(self.nonce + self.body)}"


def read_keys(text: str) -> tuple[Key, ...]:
    """The keys of ENGINE_CREDENTIALS_KEYS; the first seals, all open."""
    keys = tuple(_read_key(part.strip()) for part in text.split(",") if part.strip())
    if len({key.id for key in keys}) < len(keys):
        raise SealError("two keys have the same id")
    return keys


def _read_key(text: str) -> Key:
    name, _, encoded = text.partition(":")
    if not KEY_ID.fullmatch(name) or name == KMS:
        raise SealError(f"expected {KEYS_FORM}; an id is of letters, digits, - and _, and not `{KMS}`")
    try:
        value = base64.b64decode(encoded, altchars=b"-_" if set(encoded) & set("-_") else None, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SealError(f"the key {name} is no base64") from error
    if len(value) != KEY_BYTES:
        raise SealError(f"the key {name} has {len(value)} bytes, expected {KEY_BYTES}")
    return Key(name, value)


def make_key(name: str) -> str:
    """A new key as it stands in ENGINE_CREDENTIALS_KEYS."""
    return f"{name}:{base64.b64encode(os.urandom(KEY_BYTES)).decode('ascii')}"


def seal(text: str, customer: int, key: Key, *, wrapped_key: bytes = b"") -> str:
    """The text, readable only with the key and for the customer."""
    nonce = os.urandom(NONCE)
    body = AESGCM(key.value).encrypt(nonce, text.encode(), _bound_to(customer, key.id))
    return str(Sealed(key.id, wrapped_key, nonce, body))


def read_sealed(text: str) -> Sealed:
    """A sealed text taken apart, or SealError."""
    key_id, colon, rest = text.strip().removeprefix(PREFIX).partition(":")
    if not text.strip().startswith(PREFIX) or not colon or not KEY_ID.fullmatch(key_id):
        raise SealError(f"expected {PREFIX}key id:base64")
    wrapped, dot, encoded = rest.rpartition(".")
    if bool(dot) != (key_id == KMS):
        raise SealError(f"expected {PREFIX}key id:base64, or {PREFIX}{KMS}:base64.base64")
    blob = _decode(encoded)
    if len(blob) <= NONCE:
        raise SealError("it is cut short")
    return Sealed(key_id, _decode(wrapped), blob[:NONCE], blob[NONCE:])


def unseal(sealed: Sealed, customer: int, key: Key) -> str:
    """What was sealed, or SealError."""
    try:
        return AESGCM(key.value).decrypt(sealed.nonce, sealed.body, _bound_to(customer, sealed.key_id)).decode()
    except InvalidTag as error:
        raise SealError(
            f"the key {key.id} does not open it: it was sealed with another key or for another customer, or was altered"
        ) from error


def _bound_to(customer: int, key_id: str) -> bytes:
    return f"sluice {PREFIX}{key_id} customer {customer}".encode()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise SealError("it is no base64") from error
