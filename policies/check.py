"""The rows that admins edit, looked at before any asset uses them: what would fail, and what to write instead.

Asks the same functions that an ingest asks; where one would refuse, or quietly do other than what was meant, there
is a Finding. It knows no database.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from images.policy_check import EXPECTED_CHANNEL, check_policy
from images.recipe import NAMED, Recipe, parse_recipe
from policies.adopt import SYSTEM, matches
from policies.channels import AV, IMAGE, NONE, THUMBS, USE_ORIGINAL
from policies.facts import PolicyRow
from policies.media_type import bare

THUMBS_INSTEAD = '["!1024,1024", "!400,400", "!200,200", "!100,100"]'


class Weight(StrEnum):
    """How bad a finding is."""

    FAILS = "fails"  # assets that use the row are refused, or the row never does its work
    ODD = "odd"  # it works, and probably not as it was meant


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with one row."""

    table: str
    row: str  # its id
    what: str  # the row, as people call it
    weight: Weight
    problem: str
    instead: str


@dataclass(frozen=True, slots=True)
class DefaultRow:
    """One row of "DefaultDeliveryChannels" with the policy it points at."""

    id: str
    customer: int
    space: int
    media_type: str
    policy: PolicyRow

    @property
    def place(self) -> str:
        """Where it holds, as people call it."""
        space = f"space {self.space}" if self.space else "all spaces"
        return f"customer {self.customer}, {space}, {self.media_type}"


def check_policies(rows: Iterable[PolicyRow]) -> list[Finding]:
    """What is wrong with rows of "DeliveryChannelPolicies"."""
    return [finding for row in rows for finding in _check_policy(row)]


def check_defaults(rows: Iterable[DefaultRow]) -> list[Finding]:
    """What is wrong with rows of "DefaultDeliveryChannels", alone and beside one another."""
    every = list(rows)
    return [finding for row in every for finding in (*_check_default(row), *_check_beside(row, every))]


def _check_policy(row: PolicyRow) -> Iterable[Finding]:
    def found(weight: Weight, problem: str, instead: str) -> Finding:
        what = f'customer {row.customer}, {row.channel} policy "{row.name}"'
        return Finding("DeliveryChannelPolicies", str(row.id), what, weight, problem, instead)

    if problem := check_policy(row.channel, row.name, row.data):
        yield found(Weight.FAILS, problem, _instead(row))
    elif row.channel == IMAGE and row.data is None and row.name in NAMED.keys() - {"default"}:
        yield found(
            Weight.ODD,
            f"null is the default recipe, not {row.name}",
            f"the recipe {row.name} in PolicyData (docs/policies.md has it), or another name",
        )
    elif row.channel == IMAGE and row.name != USE_ORIGINAL and (whole := _uneven(parse_recipe(row.data))):
        yield found(
            Weight.ODD,
            "tiles: images whose last tile is halved to nothing are refused",
            f"a multiple of {whole}, or fewer levels",
        )
    elif row.name == USE_ORIGINAL and row.channel == IMAGE and row.data is not None:
        yield found(Weight.ODD, f"{USE_ORIGINAL} converts nothing: its recipe is never used", "null, or another name")
    elif row.channel not in {IMAGE, THUMBS, AV} and row.data is not None:
        yield found(Weight.ODD, f"the channel {row.channel} reads no PolicyData", "null")


def _uneven(recipe: Recipe) -> int | None:
    """What a recipe's tiles should be a multiple of and are not, to be halved as often as it says."""
    if recipe.tiles is None:
        return None
    whole = 1 << min(recipe.levels, recipe.tiles.bit_length() - 1)
    return whole if recipe.tiles % whole else None


def _instead(row: PolicyRow) -> str:
    """What to write where a policy makes no sense."""
    if row.channel == THUMBS:
        return THUMBS_INSTEAD
    return "null, for the default recipe" if row.channel == IMAGE else EXPECTED_CHANNEL


def _check_default(row: DefaultRow) -> Iterable[Finding]:
    def found(weight: Weight, problem: str, instead: str) -> Finding:
        return Finding("DefaultDeliveryChannels", row.id, row.place, weight, problem, instead)

    pattern = bare(row.media_type)
    channel = row.policy.channel
    if "/" not in pattern and "*" not in pattern and pattern != "unknown":
        yield found(
            Weight.FAILS, f'"{row.media_type}" is no media type, so it fits none', "image/*, say, or image/tiff"
        )
    if channel == AV:
        yield found(Weight.ODD, f"the channel {AV} is not supported: here such assets are refused", "another channel")
    elif channel in {IMAGE, THUMBS} and not _may_fit_an_image(pattern):
        yield found(
            Weight.FAILS, f'the channel {channel} is for images, and "{row.media_type}" fits none', "the channel file"
        )
    if row.policy.customer not in {row.customer, SYSTEM}:
        yield found(
            Weight.ODD,
            f"its policy is customer {row.policy.customer}'s",
            "one of the customer's own, or the system's",
        )


def _may_fit_an_image(pattern: str) -> bool:
    """Whether a pattern can fit an image, known or not yet known."""
    if "*" not in pattern:
        return pattern.startswith("image/") or pattern == "unknown"
    first = pattern.partition("*")[0]
    return first.startswith("image/") or "image/".startswith(first) or matches(pattern, "unknown")


def _check_beside(row: DefaultRow, every: Iterable[DefaultRow]) -> Iterable[Finding]:
    """A row that gives `none` where another gives more: together they are refused."""
    if row.policy.channel != NONE:
        return
    others = sorted(
        {
            other.policy.channel
            for other in every
            if other.customer == row.customer
            and other.space in {row.space, 0}
            and other.policy.channel != NONE
            and _overlap(other.media_type, row.media_type)
        }
    )
    if others:
        yield Finding(
            "DefaultDeliveryChannels",
            row.id,
            row.place,
            Weight.FAILS,
            f"the channel {NONE} is given beside {', '.join(others)}: such assets are refused",
            f"patterns that never fit the same asset, or only {NONE}",
        )


def _overlap(one: str, other: str) -> bool:
    """Whether some media type fits both patterns, as far as patterns of the usual forms go."""
    return matches(one, bare(other).replace("*", "")) or matches(other, bare(one).replace("*", ""))
