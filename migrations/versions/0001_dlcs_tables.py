"""The DLCS's tables: made where they are absent, adopted where they are there.

A table that is there is not changed at all. Rows of the system go only into tables that are empty. What was made
here is remembered in engine.made, so that taking the migration back leaves an adopted database as it was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from alembic import op
from sqlalchemy import Connection, Sequence, Table, Text, cast, insert, inspect, select, text

from migrations.dlcs_seeds import DEFAULT_CHANNELS, POLICIES, STORAGE_POLICY, SYSTEM
from migrations.dlcs_tables import batch_ids, default_channels, metadata, policies, storage_policies
from migrations.refusal import CannotMigrateError

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MADE = """
CREATE TABLE engine.made (
    kind text NOT NULL,                             -- sequence, table, row
    name text NOT NULL,                             -- of the sequence or table
    row_id text NOT NULL DEFAULT '',
    PRIMARY KEY (kind, name, row_id)
)
"""
SET_COUNTER = "SELECT setval(pg_get_serial_sequence(:table, 'Id'), :highest)"


def upgrade() -> None:
    connection = op.get_bind()
    connection.execute(text(MADE))
    present = inspect(connection)
    if not present.has_sequence(str(batch_ids.name)):
        batch_ids.create(connection)
        _remember(connection, "sequence", str(batch_ids.name))
    for table in metadata.sorted_tables:
        if present.has_table(table.name):
            _adopt(table, {column["name"] for column in present.get_columns(table.name)})
        else:
            table.create(connection, checkfirst=False)
            _remember(connection, "table", table.name)
    for table, rows in ((policies, _policies()), (storage_policies, _storage_policies())):
        _seed(connection, table, list(rows))
    _seed(connection, default_channels, list(_default_channels(connection)))


def downgrade() -> None:
    connection = op.get_bind()
    made = connection.execute(text("SELECT kind, name, row_id FROM engine.made")).all()
    ours = {name for kind, name, _ in made if kind == "table"}
    for kind, name, row in made:
        if kind == "row" and name not in ours:
            _forget_row(connection, metadata.tables[name], row)
    for table in reversed(metadata.sorted_tables):
        if table.name in ours:
            table.drop(connection, checkfirst=True)
    if any(kind == "sequence" for kind, _, _ in made):
        Sequence(str(batch_ids.name)).drop(connection, checkfirst=True)
    connection.execute(text("DROP TABLE engine.made"))


def _adopt(table: Table, found: set[str]) -> None:
    """Leaves a table as it is, provided that it has every column that the engine names."""
    missing = [column.name for column in table.columns if column.name not in found and not column.info.get("unused")]
    if missing:
        raise CannotMigrateError(
            f'The table "{table.name}" is there, but lacks {", ".join(missing)}. '
            "Is this a DLCS database of these years?"
        )


def _remember(connection: Connection, kind: str, name: str, row: str = "") -> None:
    connection.execute(
        text("INSERT INTO engine.made (kind, name, row_id) VALUES (:kind, :name, :row)"),
        {"kind": kind, "name": name, "row": row},
    )


def _seed(connection: Connection, table: Table, rows: list[dict[str, object]]) -> None:
    """Puts the system's rows into a table that has none at all."""
    if not rows or connection.execute(select(table.c.Id).limit(1)).first() is not None:
        return
    connection.execute(insert(table), rows)
    for row in rows:
        _remember(connection, "row", table.name, str(row["Id"]))
    if table is policies:
        connection.execute(text(SET_COUNTER), {"table": f'"{table.name}"', "highest": len(rows)})


def _forget_row(connection: Connection, table: Table, row: str) -> None:
    connection.execute(table.delete().where(cast(table.c.Id, Text) == row))


def _policies() -> Iterator[dict[str, object]]:
    now = datetime.now(UTC)
    for number, channel, name, title, system, data in POLICIES:
        yield {
            "Id": number,
            "Customer": SYSTEM,
            "Channel": channel,
            "Name": name,
            "DisplayName": title,
            "System": system,
            "Created": now,
            "Modified": now,
            "PolicyData": data,
        }


def _storage_policies() -> Iterator[dict[str, object]]:
    name, images, size = STORAGE_POLICY
    yield {"Id": name, "MaximumNumberOfStoredImages": images, "MaximumTotalSizeOfStoredImages": size}


def _default_channels(connection: Connection) -> Iterator[dict[str, object]]:
    """One row for each default whose policy the system has, whatever that policy's number is here."""
    for media_type, channel, name in DEFAULT_CHANNELS:
        found = select(policies.c.Id).where(
            policies.c.Customer == SYSTEM, policies.c.Channel == channel, policies.c.Name == name
        )
        for policy in connection.execute(found).scalars():
            yield {
                "Id": uuid5(NAMESPACE_URL, f"default-channel:{media_type}:{channel}"),
                "Customer": SYSTEM,
                "Space": 0,
                "MediaType": media_type,
                "DeliveryChannelPolicyId": policy,
            }
