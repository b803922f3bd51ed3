"""The pages made from code stand in docs/ as the code would make them, and miss nothing."""

from __future__ import annotations

import re
from pathlib import Path

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


ROOT = DOCS.parent
WRITTEN = sorted(page for page in ROOT.rglob("*.md") if not {".venv", ".local", "mutants"} & set(page.parts))
LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]+))?\)")


def anchors(page: Path) -> set[str]:
    """The names by which the headings of a page can be linked to."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for name, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / name if name else page
        assert target.exists(), name
        assert not anchor or anchor in anchors(target), f"{name}#{anchor}"
