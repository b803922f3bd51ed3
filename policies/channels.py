"""What the delivery channels of an asset ask for: their policies read, nonsense refused by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from images.iiif_size import EXPECTED_LIST, IiifSize, SizeError, parse_sizes
from images.policy_check import IMAGE, THUMBS, USE_ORIGINAL
from images.recipe import Recipe, RecipeError, parse_recipe
from policies.facts import Channel, PolicyRow
from policies.outcome import Refused
from policies.reasons import (
    CHANNEL_UNKNOWN,
    CHANNEL_UNSUPPORTED,
    CHANNELS_CONTRADICT,
    CHANNELS_MISSING,
    POLICY_INVALID,
)

FILE, NONE, AV = "file", "none", "iiif-av"
KNOWN = (IMAGE, THUMBS, FILE, NONE, AV)
UNSUPPORTED = CHANNEL_UNSUPPORTED.of(f"the channel {AV} (audio and video) is not supported")

__all__ = [
    "AV", "FILE", "IMAGE", "KNOWN", "NONE", "THUMBS", "UNSUPPORTED", "USE_ORIGINAL",
    "nonsense", "read_channels", "read_recipe", "read_thumb_sizes",
]  # fmt: skip


def read_channels(channels: Sequence[Channel]) -> Mapping[str, PolicyRow] | Refused:
    """The policy of each channel by the channel's name, or why these channels cannot be served together."""
    policies = {channel.name: channel.policy for channel in reversed(channels)}
    if not policies:
        return Refused(CHANNELS_MISSING.of("the asset has no delivery channel"))
    for name in policies:
        if name not in KNOWN:
            return Refused(CHANNEL_UNKNOWN.of(f'expected {", ".join(KNOWN[:-1])}, not the channel "{name}"'))
    if AV in policies:
        return Refused(UNSUPPORTED)
    if NONE in policies and len(policies) > 1:
        others = ", ".join(sorted(policies.keys() - {NONE}))
        return Refused(CHANNELS_CONTRADICT.of(f"the channel {NONE} stands beside others: {others}"))
    return policies


def read_thumb_sizes(policy: PolicyRow) -> tuple[IiifSize, ...] | Refused:
    """The sizes that a thumbs policy asks for."""
    if policy.data is None:
        return nonsense(policy, f"null: expected {EXPECTED_LIST}")
    try:
        return parse_sizes(policy.data)
    except SizeError as error:
        return nonsense(policy, str(error))


def read_recipe(policy: PolicyRow) -> Recipe | Refused | None:
    """The recipe of an iiif-img policy; null is the default one. None: the original is used, whatever its data."""
    if policy.name == USE_ORIGINAL:
        return None
    try:
        return parse_recipe(policy.data)
    except RecipeError as error:
        return nonsense(policy, str(error))


def nonsense(policy: PolicyRow, problem: str) -> Refused:
    """The refusal of an asset whose policy makes no sense: which policy, which field, what was expected."""
    owner = f"customer {policy.customer}"
    return Refused(POLICY_INVALID.of(f'{policy.channel} policy "{policy.name}" ({owner}), PolicyData: {problem}'))
