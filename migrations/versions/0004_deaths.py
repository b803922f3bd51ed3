"""An index for the one question about engines that died: how many of them no suspect explains."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX runs_abandoned ON engine.runs (finished) WHERE outcome = 'abandoned'")


def downgrade() -> None:
    op.execute("DROP INDEX engine.runs_abandoned")
