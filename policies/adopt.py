"""ADOPT: what a full message makes of an asset's row and channels, before anything is planned.

Only messages with an origin come here. What the message does not say stays as the row has it, or is what a new row
starts with. The policies and defaults are rows that the database has read; nothing is looked up here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from images.recipe import NAMED
from policies.channels import AV, FILE, IMAGE, KNOWN, NONE, THUMBS, UNSUPPORTED
from policies.facts import Asset, Channel, PolicyRow
from policies.media_type import NOT_KNOWN_YET, bare, is_unknown
from policies.outcome import Refused
from policies.reasons import ASSET_FIELD_TOO_LONG, BATCH_UNKNOWN, CHANNEL_UNKNOWN, CHANNELS_MISSING, POLICY_UNKNOWN
from policies.request import AssetId, IngestRequest, Named

SYSTEM = 1
"""The customer whose System policies everybody may name."""
UNSAID = {IMAGE: "default", THUMBS: "default", FILE: "none", NONE: "none"}
"""The policy of a channel for which nobody says one."""
COLUMNS = {"origin": 1000, "mediaType": 100, "roles": 1000}
"""Characters that the columns of "Images" hold."""


@dataclass(frozen=True, slots=True)
class DefaultChannel:
    """One row of "DefaultDeliveryChannels" with the policy it points at. Space 0: all of the customer's."""

    space: int
    media_type: str  # a pattern such as image/*
    policy: PolicyRow


@dataclass(frozen=True, slots=True)
class NewPolicy:
    """A built-in recipe that becomes a policy row of the customer, to be pointed at."""

    customer: int
    channel: str
    name: str
    data: str


@dataclass(frozen=True, slots=True)
class ChannelWrite:
    """One delivery channel that the asset shall have."""

    name: str
    policy: PolicyRow | NewPolicy


@dataclass(frozen=True, slots=True)
class AssetWrite:
    """The row of "Images" as it shall be, and its channels: replace the ones that it has."""

    id: AssetId
    new: bool
    origin: str
    media_type: str
    max_unauthorised: int
    roles: str  # comma-separated, as the column has them
    channels: tuple[ChannelWrite, ...]
    family: str = "I"  # for a new row only; its other texts are empty


@dataclass(frozen=True, slots=True)
class Known:
    """What the database has that a full message may point at."""

    policies: Sequence[PolicyRow] = ()  # the customer's own, and customer 1's
    defaults: Sequence[DefaultChannel] = ()  # the customer's, of the space and of space 0
    batch: bool = True  # the message's batch exists, or it names none


def adopt(request: IngestRequest, row: Asset | None, held: Sequence[Channel], known: Known) -> AssetWrite | Refused:
    """What to write for a full message, given the asset's row and channels, if it has them, and what else is known."""
    named = request.named
    assert named is not None
    if not known.batch:
        return Refused(BATCH_UNKNOWN.of(f"there is no batch {request.batch}"))
    before = row or Asset(request.asset, "")
    media_type = named.media_type or before.media_type
    roles = before.roles if named.roles is None else named.roles
    unauthorised = before.max_unauthorised if named.max_unauthorised is None else named.max_unauthorised
    channels = _channels(named, request.asset, media_type, held, known)
    if isinstance(channels, Refused):
        return channels
    write = AssetWrite(
        id=request.asset,
        new=row is None,
        origin=named.origin,
        media_type=media_type,
        max_unauthorised=-1 if unauthorised is None else unauthorised,
        roles=",".join(roles),
        channels=channels,
    )
    return _too_long(write) or write


def _too_long(write: AssetWrite) -> Refused | None:
    """The refusal of a value that its column cannot hold."""
    for name, value in (("origin", write.origin), ("mediaType", write.media_type), ("roles", write.roles)):
        if len(value) > COLUMNS[name]:
            return Refused(
                ASSET_FIELD_TOO_LONG.of(
                    f"expected `{name}` to have {COLUMNS[name]} characters at most, not {len(value)}"
                )
            )
    return None


def _channels(
    named: Named, asset: AssetId, media_type: str, held: Sequence[Channel], known: Known
) -> tuple[ChannelWrite, ...] | Refused:
    """The channels named, else those that the asset has, else those given by default, each with its policy."""
    held_policies = {channel.name: channel.policy for channel in held}
    default_policies = default_channels(known.defaults, asset, media_type)
    names = tuple(dict.fromkeys(named.channels or held_policies or default_policies))
    if not names:
        return Refused(
            CHANNELS_MISSING.of(f'no channel is named, and none is given by default for the media type "{media_type}"')
        )
    said = {IMAGE: named.image_policy, THUMBS: named.thumbnail_policy}
    unsaid = {**default_policies, **held_policies}
    writes = []
    for name in names:
        policy = _policy(name, said.get(name), unsaid.get(name), asset.customer, known.policies)
        if isinstance(policy, Refused):
            return policy
        writes.append(ChannelWrite(name, policy))
    return tuple(writes)


def default_channels(defaults: Iterable[DefaultChannel], asset: AssetId, media_type: str) -> dict[str, PolicyRow]:
    """The policies by channel that an asset of this type is given: its space's first, longest pattern first."""
    said = NOT_KNOWN_YET if is_unknown(media_type) else media_type
    fitting = (row for row in defaults if row.space in {asset.space, 0} and matches(row.media_type, said))
    ordered = sorted(
        fitting, key=lambda row: (row.space != asset.space, -len(row.media_type), row.media_type, row.policy.id)
    )
    return {row.policy.channel: row.policy for row in reversed(ordered)}


def matches(pattern: str, media_type: str) -> bool:
    """Whether a media type fits a pattern such as `image/*`; without regard to case, in linear time."""
    first, *rest = bare(pattern).split("*")
    text = bare(media_type)
    if not rest:
        return text == first
    if not text.startswith(first):
        return False
    at = len(first)
    for part in rest[:-1]:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - at >= len(rest[-1]) and text.endswith(rest[-1])


def _policy(
    channel: str, said: str | None, unsaid: PolicyRow | None, customer: int, policies: Sequence[PolicyRow]
) -> PolicyRow | NewPolicy | Refused:
    """The policy of one channel: the one named, else the one that holds already, else the usual one."""
    if channel not in KNOWN:
        return Refused(CHANNEL_UNKNOWN.of(f'expected {", ".join(KNOWN)}, not the channel "{channel}"'))
    if said is None and unsaid is not None:
        return unsaid
    if channel == AV:
        return _any_av(customer, policies)
    name = said or UNSAID[channel]
    for own in (True, False):
        for policy in policies:
            system = policy.customer == SYSTEM and (policy.system or said is None)
            visible = policy.customer == customer if own else system
            if visible and (policy.channel, policy.name) == (channel, name):
                return policy
    if channel == IMAGE and name in NAMED:
        return NewPolicy(customer, channel, name, json.dumps(NAMED[name].to_json()))
    return Refused(POLICY_UNKNOWN.of(f'customer {customer} has no {channel} policy "{name}", nor has the system'))


def _any_av(customer: int, policies: Sequence[PolicyRow]) -> PolicyRow | Refused:
    """A policy for a channel that will be refused, on the asset's own row if there is any to point at."""
    known = [policy for policy in policies if policy.channel == AV and policy.customer in {customer, SYSTEM}]
    return min(known, key=lambda policy: (policy.customer != customer, policy.id), default=Refused(UNSUPPORTED))
