"""Which assets a command is about: an asset, a batch, a space, a customer, or all."""

from __future__ import annotations

import re

from engine.cli.stop import Misused
from engine.db.port import Scope
from policies.request import AssetId


def scope_of(
    *,
    asset: AssetId | None = None,
    batch: int | None = None,
    space: str | None = None,
    customer: int | None = None,
    failed: bool = False,
) -> Scope:
    """The scope that options mean."""
    number: int | None = None
    if space is not None:
        found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", space, re.ASCII)
        if found is None:
            raise Misused(f"{space} is no space", "Write customer/space, such as 99/1.")
        if customer not in {None, int(found[1])}:
            raise Misused(f"space {space} is not of customer {customer}")
        customer, number = int(found[1]), int(found[2])
    return Scope(asset=asset, batch=batch, customer=customer, space=number, failed=failed)
