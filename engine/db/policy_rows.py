"""Every row that admins edit: policies, default delivery channels, origin strategies. For `sluice policies check`."""

from __future__ import annotations

from sqlalchemy import RowMapping

from engine.db.role import Role
from engine.db.sql import sql
from policies.check import DefaultRow
from policies.facts import PolicyRow, StrategyRow

POLICIES = sql("""
SELECT "Id" AS id, "Customer" AS customer, "Channel" AS channel, "Name" AS name, "PolicyData" AS data,
    "System" AS system
FROM "DeliveryChannelPolicies"
WHERE :customer IS NULL OR "Customer" = :customer
ORDER BY "Customer", "Channel", "Name"
""")

DEFAULTS = sql("""
SELECT given."Id"::text AS default_id, given."Customer" AS default_customer, given."Space" AS space,
    given."MediaType" AS media_type, policy."Id" AS id, policy."Customer" AS customer, policy."Channel" AS channel,
    policy."Name" AS name, policy."PolicyData" AS data, policy."System" AS system
FROM "DefaultDeliveryChannels" AS given
JOIN "DeliveryChannelPolicies" AS policy ON policy."Id" = given."DeliveryChannelPolicyId"
WHERE :customer IS NULL OR given."Customer" = :customer
ORDER BY given."Customer", given."Space", given."MediaType", policy."Channel"
""")

STRATEGIES = sql("""
SELECT "Id" AS id, "Customer" AS customer, "Regex" AS regex, "Strategy" AS strategy, "Credentials" AS credentials,
    "Optimised" AS optimised, "Order" AS "order"
FROM "CustomerOriginStrategies"
WHERE :customer IS NULL OR "Customer" = :customer
ORDER BY "Customer", "Order", "Id"
""")


class PostgresPolicyRows(Role):
    """What admins edit, whole tables or one customer's rows."""

    async def policy_rows(self, customer: int | None) -> list[PolicyRow]:
        """Every delivery channel policy."""
        return [_policy(row) for row in await self._connections.rows(POLICIES, {"customer": customer})]

    async def default_rows(self, customer: int | None) -> list[DefaultRow]:
        """Every default delivery channel, with the policy it points at."""
        rows = await self._connections.rows(DEFAULTS, {"customer": customer})
        return [
            DefaultRow(row["default_id"], row["default_customer"], row["space"], row["media_type"], _policy(row))
            for row in rows
        ]

    async def strategy_rows(self, customer: int | None) -> list[StrategyRow]:
        """Every origin strategy."""
        return [StrategyRow(**row) for row in await self._connections.rows(STRATEGIES, {"customer": customer})]


def _policy(row: RowMapping) -> PolicyRow:
    return PolicyRow(row["id"], row["customer"], row["channel"], row["name"], row["data"], row["system"])
