"""The table of settings: every environment variable that is read, and what it means to an operator.

The one source: `engine.settings` reads by it, `sluice settings` prints it, docs/settings.md is made from it. What other
processes and libraries read stands in `engine.settings_beside`.
"""

from __future__ import annotations

from engine.settings_beside import BESIDE
from engine.variables import (
    Section,
    Variable,
    bucket,
    choice,
    iiif_sizes,
    maybe,
    networks,
    numbers,
    pattern,
    seconds,
    switch,
    text,
    url,
    urls,
    whole,
    words,
)
from images.iiif_size import parse_size

SYSTEM_THUMBS = "!100,100 !200,200 !400,400 !1024,1024"
READABLE = "image/jpeg,image/jp2,image/tiff,image/png,image/gif,image/bmp,image/webp"

DATABASE_URL = Variable(
    "ENGINE_DATABASE_URL",
    url("postgresql", "postgres"),
    "",
    "The DLCS database; `engine` is the schema of our own tables in it.",
    secret=True,
)
DATABASE_CONNECTIONS = Variable(
    "ENGINE_DATABASE_CONNECTIONS",
    whole(2, 500),
    10,
    "Connections to the database that one engine holds at most.",
)
PGBOUNCER = Variable(
    "ENGINE_PGBOUNCER",
    switch(),
    False,
    "The database is behind PgBouncer in transaction mode: prepared statements are not kept, at half the speed.",
)
KEEP_RUNS_DAYS = Variable(
    "ENGINE_KEEP_RUNS_DAYS",
    whole(15, 36500),
    90,
    "How long the story of a run is kept; 15 at least, for a queue may hold its message for 14. "
    "The newest end and the newest success of each asset stay.",
)
IMAGE_QUEUE = Variable(
    "ENGINE_IMAGE_QUEUE", text("the name or URL of a queue"), "", "The SQS queue that batches of images come through."
)
PRIORITY_QUEUE = Variable(
    "ENGINE_PRIORITY_QUEUE", text("the name or URL of a queue"), "", "The SQS queue whose messages go first."
)
FILE_QUEUE = Variable(
    "ENGINE_FILE_QUEUE",
    maybe(text("the name or URL of a queue")),
    None,
    "The SQS queue of assets that have only the `file` channel, if they come apart.",
)
STORAGE_BUCKET = Variable("ENGINE_STORAGE_BUCKET", bucket(), "", "Where JPEG 2000 derivatives and originals are kept.")
THUMBS_BUCKET = Variable("ENGINE_THUMBS_BUCKET", bucket(), "", "Where thumbnails and their sizes are kept.")
ORIGIN_BUCKET = Variable("ENGINE_ORIGIN_BUCKET", bucket(), "", "The DLCS's own origin bucket: files uploaded to it.")
SECURITY_BUCKET = Variable("ENGINE_SECURITY_BUCKET", bucket(), "", "Where credentials of origin strategies are kept.")
ORIGIN_REGEX = Variable(
    "ENGINE_ORIGIN_REGEX",
    pattern(),
    "",
    "Which origins are in our own origin bucket.",
    shown="every S3 address form of ENGINE_ORIGIN_BUCKET",
    blank=False,
)
ORIGIN_BUCKET_OPEN = Variable(
    "ENGINE_ORIGIN_BUCKET_OPEN",
    switch(),
    False,
    "Customers may name any key of the origin bucket, not only those under `{customer}/`.",
)
S3_URI_REGION = Variable(
    "ENGINE_S3_URI_REGION", switch(), False, "Put the bucket's region, else AWS_REGION, into the S3 URIs we write."
)
PATH_STYLE = Variable(
    "ENGINE_S3_PATH_STYLE",
    maybe(switch()),
    None,
    "Name buckets in the path instead of the host.",
    shown="on when AWS_ENDPOINT_URL is set",
)
DEFAULT_THUMBS = Variable(
    "ENGINE_DEFAULT_THUMBS",
    iiif_sizes(),
    tuple(parse_size(word) for word in SYSTEM_THUMBS.split()),
    "The thumbnails that every image gets.",
    shown=SYSTEM_THUMBS,
)
QUOTA_EXEMPT = Variable("ENGINE_QUOTA_EXEMPT", numbers(), frozenset[int](), "Customers without quota.")
READABLE_TYPES = Variable(
    "ENGINE_READABLE",
    words(),
    frozenset(READABLE.split(",")),
    "Media types that the image server can read, for the policy `use-original`.",
    shown=READABLE,
)
MAX_PIXELS = Variable("ENGINE_MAX_PIXELS", whole(1), 1_000_000_000, "Images with more pixels are refused.")
MAX_BYTES = Variable("ENGINE_MAX_BYTES", whole(1), 20 * 1024**3, "Origins with more bytes are refused.")
ORCHESTRATOR_URL = Variable(
    "ENGINE_ORCHESTRATOR_URL",
    maybe(url("http", "https")),
    None,
    "Asked for a new image's info.json, so that it is warm; failures are ignored.",
)
BATCH_TOPIC = Variable(
    "ENGINE_BATCH_TOPIC", maybe(text("the ARN of an SNS topic")), None, "Told once for every batch that is finished."
)
PROCESSOR_URL = Variable("ENGINE_PROCESSOR_URL", url("http", "https"), "", "The image processor.")
PROCESSOR_SECONDS = Variable(
    "ENGINE_PROCESSOR_SECONDS", seconds(1, 7200), 900.0, "The longest that one conversion may take."
)
SCRATCH = Variable(
    "ENGINE_SCRATCH", text("a folder"), "", "The folder shared with the processor, as the engine sees it."
)
PROCESSOR_SCRATCH = Variable(
    "ENGINE_PROCESSOR_SCRATCH",
    text("a folder"),
    "",
    "The same folder as the processor sees it.",
    shown="as ENGINE_SCRATCH",
)
IMAGE_SERVER_URL = Variable(
    "ENGINE_IMAGE_SERVER_URL",
    urls("http", "https"),
    (),
    "The IIIF image server that makes thumbnails, without `/iiif/3`; several are shared in turn.",
)
THUMBS_FROM = Variable(
    "ENGINE_THUMBS_FROM", choice("image-server", "processor"), "image-server", "Who makes thumbnails."
)
THUMBS_FALLBACK = Variable(
    "ENGINE_THUMBS_FALLBACK",
    choice("processor", "none"),
    "processor",
    "Who makes them while the image server stays away.",
)
THUMBS_CASCADE = Variable(
    "ENGINE_THUMBS_CASCADE",
    switch(),
    True,
    "Ask only for the largest thumbnail and make the smaller ones from it; `off` asks for each.",
)
SLOTS = Variable("ENGINE_SLOTS", whole(1, 1000), 16, "Ingests at once.")
PRIORITY_SLOTS = Variable("ENGINE_PRIORITY_SLOTS", whole(0, 999), 2, "How many of them only priority may use.")
ATTEMPTS = Variable("ENGINE_ATTEMPTS", whole(1, 100), 5, "Tries at an asset whose origin fails, before it is refused.")
LEASE_SECONDS = Variable(
    "ENGINE_LEASE_SECONDS", seconds(5, 3600), 180.0, "How long a claim on an asset lives without being renewed."
)
GRACE_SECONDS = Variable(
    "ENGINE_GRACE_SECONDS", seconds(1, 3600), 60.0, "How long after that another engine waits before it takes over."
)
HEART_SECONDS = Variable(
    "ENGINE_HEART_SECONDS", seconds(0.5, 600), 30.0, "How often claims and the visibility of messages are renewed."
)
VISIBILITY_SECONDS = Variable(
    "ENGINE_VISIBILITY_SECONDS",
    seconds(5, 43200),
    180.0,
    "How long a message that we work on stays invisible to others, unless renewed.",
)
POLL_SECONDS = Variable(
    "ENGINE_POLL_SECONDS",
    whole(1, 20),
    20,
    "How long one receive waits for a message; also how long stopping may wait for it.",
)
DRAIN_SECONDS = Variable(
    "ENGINE_DRAIN_SECONDS", seconds(1, 3600), 100.0, "How long running ingests may take to end after SIGTERM."
)
HTTP_HOST = Variable("ENGINE_HTTP_HOST", text("a host or address"), "127.0.0.1", "Where the endpoint listens.")
HTTP_PORT = Variable("ENGINE_HTTP_PORT", whole(0, 65535), 8080, "Its port.")
HTTP_TOKEN = Variable(
    "ENGINE_HTTP_TOKEN",
    maybe(text("a bearer token")),
    None,
    "What callers must send as `Authorization: Bearer …`; only /health and /ready go without.",
    secret=True,
)
HTTP_SECONDS = Variable(
    "ENGINE_HTTP_SECONDS",
    seconds(1, 7200),
    600.0,
    "How long a caller of POST /asset-ingest waits at most; the ingest itself goes on.",
)
ALLOWED_NETWORKS = Variable(
    "ENGINE_ALLOWED_NETWORKS", networks(), (), "Private networks that origins may be in. None by default: keep it so."
)
KNOWN_HOSTS = Variable(
    "ENGINE_KNOWN_HOSTS",
    maybe(text("a file")),
    None,
    "An OpenSSH known_hosts file; when set, SFTP hosts must be in it.",
)
CREDENTIALS_KEYS = Variable(
    "ENGINE_CREDENTIALS_KEYS",
    text("`id:base64 of 32 bytes`, several separated by commas"),
    "",
    "Keys that encrypted credentials (`enc:v1:…`) are read with; the first encrypts.",
    secret=True,
)
LOG_LEVEL = Variable(
    "ENGINE_LOG_LEVEL", choice("debug", "info", "warning", "error"), "info", "The least that is logged."
)
LOG_FORMAT = Variable(
    "ENGINE_LOG_FORMAT",
    choice("auto", "json", "console"),
    "auto",
    "How log lines look; `auto` is JSON unless on a terminal.",
)
REGION = Variable("AWS_REGION", maybe(text("a region")), None, "AWS's own: the region. Its other variables hold too.")
AWS_ENDPOINT_URL = Variable(
    "AWS_ENDPOINT_URL", maybe(url("http", "https")), None, "AWS's own: another endpoint, such as an emulator's."
)

SECTIONS: tuple[Section, ...] = (
    Section("Database", (DATABASE_URL, DATABASE_CONNECTIONS, PGBOUNCER, KEEP_RUNS_DAYS)),
    Section("Queues and notifications", (IMAGE_QUEUE, PRIORITY_QUEUE, FILE_QUEUE, BATCH_TOPIC)),
    Section(
        "Buckets",
        (
            STORAGE_BUCKET,
            THUMBS_BUCKET,
            ORIGIN_BUCKET,
            SECURITY_BUCKET,
            S3_URI_REGION,
            PATH_STYLE,
            REGION,
            AWS_ENDPOINT_URL,
        ),
    ),
    Section(
        "Origins",
        (ORIGIN_REGEX, ORIGIN_BUCKET_OPEN, ALLOWED_NETWORKS, KNOWN_HOSTS, CREDENTIALS_KEYS, MAX_BYTES, MAX_PIXELS),
    ),
    Section("Image processor", (PROCESSOR_URL, PROCESSOR_SECONDS, SCRATCH, PROCESSOR_SCRATCH)),
    Section(
        "Thumbnails and the image server",
        (
            IMAGE_SERVER_URL,
            THUMBS_FROM,
            THUMBS_FALLBACK,
            THUMBS_CASCADE,
            DEFAULT_THUMBS,
            READABLE_TYPES,
            ORCHESTRATOR_URL,
        ),
    ),
    Section(
        "Work",
        (
            SLOTS,
            PRIORITY_SLOTS,
            ATTEMPTS,
            QUOTA_EXEMPT,
            LEASE_SECONDS,
            GRACE_SECONDS,
            HEART_SECONDS,
            VISIBILITY_SECONDS,
            POLL_SECONDS,
            DRAIN_SECONDS,
        ),
    ),
    Section("Endpoint and logs", (HTTP_HOST, HTTP_PORT, HTTP_TOKEN, HTTP_SECONDS, LOG_LEVEL, LOG_FORMAT)),
    *BESIDE,
)
"""Every variable, once."""
BY_NAME = {variable.name: variable for section in SECTIONS for variable in section.variables}
