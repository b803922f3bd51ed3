"""The pages of docs/ that are made from code: `make docs` writes them, a test compares them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from engine.errors_page import errors_page
from engine.settings_shown import settings_page

DOCS = Path(__file__).resolve().parent.parent / "docs"

PAGES: Mapping[str, Callable[[], str]] = MappingProxyType({"errors.md": errors_page, "settings.md": settings_page})
"""File name to what makes it."""


def write_pages(folder: Path = DOCS) -> None:
    """Writes every page anew."""
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write_pages()
