"""Credentials at rest."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origins.encryption import KMS, Key, SealError, make_key, read_keys, read_sealed, seal, unseal

OLD, NEW = Key("old", bytes(32)), Key("2026", bytes(range(32)))


@given(st.text(), st.integers(0, 10**9))
def test_what_is_sealed_opens_with_its_key_for_its_customer(text: str, customer: int) -> None:
    sealed = read_sealed(seal(text, customer, NEW))
    assert sealed.key_id == "2026"
    assert unseal(sealed, customer, NEW) == text


def test_neither_another_key_nor_another_customer_opens_it() -> None:
    text = seal("secret", 99, NEW)
    for customer, key in ((98, NEW), (99, Key("2026", bytes(32))), (99, OLD)):
        with pytest.raises(SealError):
            unseal(read_sealed(text), customer, key)


@given(st.integers(0), st.integers(1, 255))
def test_an_altered_text_does_not_open(at: int, change: int) -> None:
    head, _, encoded = seal("secret", 99, NEW).rpartition(":")
    blob = bytearray(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    blob[at % len(blob)] ^= change
    altered = f"{head}:{base64.urlsafe_b64encode(blob).decode().rstrip('=')}"
    with pytest.raises(SealError, match="altered"):
        unseal(read_sealed(altered), 99, NEW)


def test_the_same_text_never_looks_the_same_twice() -> None:
    assert seal("secret", 99, NEW) != seal("secret", 99, NEW)


def test_a_key_may_travel_along() -> None:
    sealed = read_sealed(seal("secret", 99, Key(KMS, NEW.value), wrapped_key=b"wrapped"))
    assert (sealed.key_id, sealed.wrapped_key) == (KMS, b"wrapped")
    assert unseal(sealed, 99, Key(KMS, NEW.value)) == "secret"


@given(st.text())
def test_any_text_is_a_sealed_one_or_named_as_none(text: str) -> None:
    for candidate in (text, f"enc:v1:{text}", f"enc:v1:k:{text}", f"enc:v1:kms:{text}"):
        try:
            read_sealed(candidate)
        except SealError as error:
            assert str(error)  # noqa: PT017 - either is right


def test_keys_are_read_and_the_first_is_the_one_that_seals() -> None:
    made = make_key("2026")
    first, second = read_keys(f"{made}, old:{base64.b64encode(bytes(32)).decode()}")
    assert (first.id, second) == ("2026", OLD)
    assert read_keys("") == ()
    assert base64.b64encode(first.value).decode() not in repr(first)


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "k:",
        "k:AAAA",
        "k:not base64!",
        f"kms:{'A' * 43}=",
        f"a b:{'A' * 43}=",
        f"k:{'A' * 43}=,k:{'A' * 43}=",
    ],
)
def test_bad_keys_are_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(SealError) as failure:
        read_keys(text)
    assert "AAAA" not in str(failure.value)
