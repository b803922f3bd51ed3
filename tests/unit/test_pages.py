"""The pages made from code stand in docs/ as the code would make them, and miss nothing."""

from __future__ import annotations

import pytest

from engine.pages import DOCS, PAGES
from engine.settings_table import BY_NAME
from policies import reasons
from policies.reasons import CATALOGUE, Kind


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_page_is_what_make_docs_writes(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


def test_every_kind_of_reason_is_in_the_catalogue_once() -> None:
    kinds = [value for value in vars(reasons).values() if isinstance(value, Kind)]
    assert sorted(kind.code for kind in kinds) == sorted(CATALOGUE)


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_reason_says_when_and_what_to_do_and_is_documented(code: str) -> None:
    kind = CATALOGUE[code]
    assert kind.when.endswith(".")
    assert kind.remedy.endswith((".", "?"))
    assert f"### {code}\n" in (DOCS / "errors.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_every_setting_is_documented(name: str) -> None:
    assert f"| `{name}`" in (DOCS / "settings.md").read_text(encoding="utf-8")
