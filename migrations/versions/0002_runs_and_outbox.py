"""The engine's own tables: runs, what is to be folded into shared rows, and the outbox.

Each index is there for one question; none is on a column that the heart renews, so that a beat rewrites no index.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RUNS = """
CREATE TABLE engine.runs (
    id uuid PRIMARY KEY,                            -- ordered by time (UUID version 7)
    asset varchar(500) NOT NULL,
    key text NOT NULL,                              -- of the message
    batch integer,
    created timestamptz,                            -- the message's own date
    source text NOT NULL,
    worker text NOT NULL,
    attempt integer NOT NULL,
    suspect boolean NOT NULL,
    claimed timestamptz NOT NULL DEFAULT now(),
    expires timestamptz NOT NULL,
    finished timestamptz,
    outcome text CHECK (outcome IN ('ingested', 'refused', 'retry', 'busy', 'superseded', 'abandoned')),
    final boolean NOT NULL DEFAULT false,           -- settled for good: the message never runs again
    reason_code text,
    reason text,
    digest text,                                    -- SHA-256 of the origin's bytes
    bytes bigint,
    media_type text,
    width integer,
    height integer,
    steps jsonb,                                    -- seconds by step
    thumbs_by text,
    requests integer,
    retries integer,
    waited double precision,
    origin text,                                    -- redacted
    keys text[],                                    -- what the result needs, as bucket/key
    CHECK ((finished IS NULL) = (outcome IS NULL)),
    CHECK (finished IS NOT NULL OR NOT final)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05)
"""

INDEXES = (
    # the claim: one worker for each asset
    "CREATE UNIQUE INDEX runs_one_open_per_asset ON engine.runs (asset) WHERE finished IS NULL",
    # a message is settled once
    "CREATE UNIQUE INDEX runs_one_final_per_key ON engine.runs (key) WHERE final",
    # the history that a claim judges
    "CREATE INDEX runs_of_an_asset ON engine.runs (asset, id)",
    "CREATE INDEX runs_of_a_batch ON engine.runs (batch, id) WHERE batch IS NOT NULL",
    "CREATE INDEX runs_refused ON engine.runs (id) WHERE outcome = 'refused'",
)

FOLDS = """
CREATE TABLE engine.folds (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run uuid NOT NULL,
    customer integer NOT NULL,
    space integer NOT NULL,
    bytes bigint NOT NULL,                          -- to be added to the totals
    thumb_bytes bigint NOT NULL,
    counter text,                                   -- the row of "Queues" that goes down by one
    batch integer,                                  -- to be recounted
    made timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)
"""

OUTBOX = """
CREATE TABLE engine.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('notify', 'tidy')),
    payload jsonb NOT NULL,
    made timestamptz NOT NULL DEFAULT now(),
    due timestamptz NOT NULL DEFAULT now(),         -- while leased: when the lease ends
    lease uuid,
    attempts integer NOT NULL DEFAULT 0,
    trouble text                                    -- why it was put off
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)
"""


def upgrade() -> None:
    op.execute(RUNS)
    for index in INDEXES:
        op.execute(index)
    op.execute(FOLDS)
    op.execute(OUTBOX)
    op.execute("CREATE INDEX outbox_due ON engine.outbox (due)")


def downgrade() -> None:
    for table in ("outbox", "folds", "runs"):
        op.execute(f"DROP TABLE engine.{table}")
