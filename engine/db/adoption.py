"""A full message becomes rows: the asset and its channels, as policies/adopt.py decides. One transaction of its own.

Done before the facts are read, so that from then on both forms of message are the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping

from engine.db.adoption_statements import (
    ADD_CHANNELS,
    ADD_POLICY,
    CLEAR_CHANNELS,
    KNOWN,
    LOCK_ASSET,
    WRITE_ASSET,
)
from engine.db.connections import Connections, fetch_row
from engine.db.facts_rows import channels_of, roles_of
from policies.adopt import AssetWrite, ChannelWrite, DefaultChannel, Known, adopt
from policies.facts import Asset, PolicyRow
from policies.outcome import Refused
from policies.request import AssetId, IngestRequest


async def adopt_message(connections: Connections, request: IngestRequest) -> Refused | None:
    """Creates or updates the asset's row from a full message; what is wrong with the message, if anything is."""
    return await connections.transaction(lambda connection: _adopt(connection, request))


def _adopt(connection: Connection, request: IngestRequest) -> Refused | None:
    asset = request.asset
    values: dict[str, object] = {
        "asset": str(asset),
        "customer": asset.customer,
        "space": asset.space,
        "batch": request.batch,
    }
    row = fetch_row(connection, LOCK_ASSET, values)
    known = fetch_row(connection, KNOWN, values)
    assert known is not None
    held = channels_of(row["channels"]) if row else ()
    write = adopt(request, _asset(asset, row), held, _known(known))
    if isinstance(write, Refused):
        return write
    fetch_row(connection, WRITE_ASSET, values | _columns(write))
    wanted = [(channel.name, _policy_id(connection, channel)) for channel in write.channels]
    if sorted(wanted) != sorted((channel.name, channel.policy.id) for channel in held):
        _replace_channels(connection, values, wanted)
    return None


def _policy_id(connection: Connection, channel: ChannelWrite) -> int:
    """The number of a channel's policy; a built-in recipe becomes a row of the customer first."""
    if isinstance(channel.policy, PolicyRow):
        return channel.policy.id
    new = channel.policy
    values: dict[str, object] = {
        "customer": new.customer,
        "channel": new.channel,
        "name": new.name,
        "data": new.data,
    }
    row = fetch_row(connection, ADD_POLICY, values)
    assert row is not None
    return int(row["Id"])


def _replace_channels(connection: Connection, values: dict[str, object], wanted: Sequence[tuple[str, int]]) -> None:
    fetch_row(connection, CLEAR_CHANNELS, values)
    names, policies = [name for name, _ in wanted], [policy for _, policy in wanted]
    fetch_row(connection, ADD_CHANNELS, values | {"names": names, "policies": policies})


def _asset(asset: AssetId, row: RowMapping | None) -> Asset | None:
    if row is None:
        return None
    return Asset(asset, row["origin"], row["media_type"], row["max_unauthorised"], roles_of(row["roles"]))


def _known(row: RowMapping) -> Known:
    return Known(
        policies=[PolicyRow(*policy) for policy in json.loads(row["policies"] or "[]")],
        defaults=[
            DefaultChannel(space, media_type, PolicyRow(*policy))
            for space, media_type, *policy in json.loads(row["defaults"] or "[]")
        ],
        batch=row["batch"],
    )


def _columns(write: AssetWrite) -> dict[str, object]:
    return {
        "origin": write.origin,
        "media_type": write.media_type,
        "max_unauthorised": write.max_unauthorised,
        "roles": write.roles,
        "family": write.family,
    }
