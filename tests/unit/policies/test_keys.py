"""Where things lie, and what files are called."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from policies.keys import (
    credentials_key,
    derivative_key,
    file_name,
    info_prefix,
    original_key,
    sizes_key,
    thumb_key,
    thumb_prefixes,
    transient_key,
)
from tests.unit.policies.make import ASSET, RUN


def test_keys_are_those_of_the_dlcs() -> None:
    assert derivative_key(ASSET) == "99/1/page-1"
    assert original_key(ASSET) == "99/1/page-1/original"
    assert thumb_key(ASSET, True, 1024) == "99/1/page-1/open/1024.jpg"
    assert thumb_key(ASSET, False, 100) == "99/1/page-1/auth/100.jpg"
    assert sizes_key(ASSET) == "99/1/page-1/s.json"
    assert thumb_prefixes(ASSET) == ("99/1/page-1/open/", "99/1/page-1/auth/")
    assert info_prefix(ASSET) == "99/1/page-1/info/"
    assert transient_key(RUN) == f"transient/{RUN}"
    assert credentials_key(99, "s-1") == "99/origin-strategy/s-1/credentials.json"


def test_names_on_disk_are_plain() -> None:
    assert file_name("source", ".tif") == "source.tif"
    assert file_name("Source") == "source"
    assert file_name("../../etc/passwd", "tar.gz") == "etc-passwd.targz"
    assert file_name("日本語") == "file"
    assert file_name("a" * 100, "b" * 100) == f"{'a' * 64}.{'b' * 16}"


@given(st.text(st.characters()), st.text(st.characters()))
def test_no_text_makes_an_unsafe_name(stem: str, suffix: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}(\.[a-z0-9]{1,16})?", file_name(stem, suffix))
