"""docs/policies.md: what it says is what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from images.iiif_size import MAX_SIZES
from images.policy_check import check_policy
from images.recipe import NAMED
from images.recipe_fields import FIELDS, NOT_FOR_HTJ2K
from policies.decision_table import TABLE, Case, Fetch, Location
from policies.explain import explain
from policies.facts_file import read_facts
from policies.plan import StrategyKind
from tests.unit.policies.make import make_rules

PAGE = Path(__file__).parents[3] / "docs" / "policies.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the page is not beside a copy of the tests")


def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", page(), re.DOTALL | re.MULTILINE)


def section(name: str) -> str:
    return page().partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def test_every_example_of_a_policy_makes_sense() -> None:
    examples = blocks("json")
    assert len(examples) == 5
    for example in examples:
        channel = "thumbs" if example.startswith("[") else "iiif-img"
        assert check_policy(channel, "museum", example) is None


def test_every_size_that_is_explained_is_one() -> None:
    listed = re.findall(r"^\| (`.*?`) \|", section("Thumbnail sizes").replace("` or `", "` | `"), re.MULTILINE)
    sizes = [size for cell in listed for size in re.findall(r"`([^`]+)`", cell) if size != "^"]
    assert len(sizes) >= 5
    for size in sizes:
        assert check_policy("thumbs", "museum", f'["{size}", "^{size}"]') is None
    assert f"1 to {MAX_SIZES} entries" in page()


def test_every_field_of_a_recipe_is_listed_with_what_it_may_be() -> None:
    for name, field in FIELDS.items():
        assert re.search(rf"^\| `{name}` \|.*\| {re.escape(field.expected)} \|$", section("Recipes"), re.MULTILINE)
    assert "`, `".join(NOT_FOR_HTJ2K[:-1]) + f"` and `{NOT_FOR_HTJ2K[-1]}`" in section("Recipes")
    assert all(f"`{name}`" in section("Recipes") for name in NAMED)


def test_every_row_of_the_decision_table_is_on_the_page() -> None:
    rows = [
        line for line in section("Delivery channels").splitlines() if re.match(r"\| `[a-z-]+`.*\|.*\|.*\|.*\|", line)
    ]
    written = {tuple(cell.strip(" `") for cell in line.strip("|").split("|")) for line in rows if line.count("|") == 7}
    for case, row in TABLE.items():
        channels = " + ".join(f"`{name}`" for name in _channels(case)).strip("`")
        channels += "`, use-original" if case.ready else ""
        kept = ["original"] * row.keep_original + ["JPEG 2000"] * row.convert
        reads = {Location.DERIVATIVE: "the JPEG 2000", Location.ORIGINAL: "the original", Location.ORIGIN: "the origin"}
        fetched = {Fetch.NOTHING: "no", Fetch.HEADER: "its header", Fetch.WHOLE: "yes"}[row.fetch]
        matching = [
            line
            for line in written
            if line[0] == channels and line[1] in {"any", "optimised" if case.optimised else "elsewhere"}
        ]
        assert len(matching) == 1, channels
        [(_, _, said_fetched, made, stored, read)] = matching
        assert said_fetched.startswith(fetched)
        assert made == ("JPEG 2000" if row.convert else "")
        assert stored == ", ".join(kept)
        assert read == (reads[row.location] if row.location else "")


def _channels(case: Case) -> list[str]:
    return ["file"] * case.file + ["iiif-img"] * case.image + ["thumbs"] * case.thumbs


def test_every_strategy_is_listed() -> None:
    assert all(f"| `{kind}` |" in section("Origin strategies") for kind in StrategyKind)


def test_the_facts_to_try_are_facts() -> None:
    [facts] = blocks("json facts")
    read = read_facts(facts)
    explained = explain(read.facts, make_rules())
    assert explained.row == "iiif-img"
    assert explained.place is not None
    assert explained.place.optimised
