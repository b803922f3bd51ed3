"""Functions that check a policy where it is edited, generated from the rules that the engine itself reads them by.

When those rules change, a new migration runs the same statements again.
"""

from __future__ import annotations

from alembic import op

from images.policy_sql import create_statements, drop_statements

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in create_statements():
        op.execute(statement)


def downgrade() -> None:
    for statement in drop_statements():
        op.execute(statement)
