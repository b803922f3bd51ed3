"""The catalogue of reasons: every way in which an ingest can end other than well, by code.

One flat list. Each kind says what happened, what to do about it, and carries its fate, so that nobody
downstream has to guess whether a retry helps. `docs/errors.md` is generated from this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from policies.redact import redact

ERROR_COLUMN = 1000
"""Characters that `"Images"."Error"` holds; longer reasons are cut there."""


class Fate(StrEnum):
    """What becomes of an ingest that meets a reason."""

    REFUSED = "refused"  # no retry can help
    RETRY = "retry"  # the asset or its origin failed in a way that may pass; an attempt
    BUSY = "busy"  # not the asset's fault: never an attempt
    UNREADABLE = "unreadable"  # no asset could be told from the message


class Blame(StrEnum):
    """Whose fault a reason is; decides the HTTP status of a refusal."""

    ASSET = "asset"  # 422
    ORIGIN = "origin"  # 502
    QUOTA = "quota"  # 507
    UNKNOWN_ASSET = "unknown-asset"  # 404
    POLICY = "policy"  # 422
    US = "us"  # 503
    REQUEST = "request"  # 400


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to fail: its code, fate, whose fault, when it happens, and what a person should do."""

    code: str
    fate: Fate
    blame: Blame
    when: str
    remedy: str
    verbatim: bool = False  # its message is worded by a contract with others: nothing is put in front of it

    def of(self, message: str) -> Reason:
        """A reason of this kind; the message names what happened, to which asset or address."""
        return Reason(self, message)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one ingest ended as it did: a kind, and a sentence that a person can act on."""

    kind: Kind
    message: str

    @property
    def code(self) -> str:
        return self.kind.code

    @property
    def for_row(self) -> str:
        """The message as it fits the Error column."""
        return self.message[:ERROR_COLUMN]

    def about(self, asset: str) -> Reason:
        """The same reason without secrets, the asset in front of a message that names neither it nor an address."""
        named = self.kind.verbatim or "://" in self.message or asset in self.message
        return Reason(self.kind, redact(self.message if named else f"{asset}: {self.message}"))

    def __str__(self) -> str:
        return f"{self.kind.code}: {self.message}"


# --- our own parts: never the asset's fault, never an attempt --------------------------------------------

CLAIM_LOST = Kind(
    "claim-lost",
    Fate.BUSY,
    Blame.US,
    when="The claim on the asset could not be renewed in time, so the work was stopped.",
    remedy="Nothing: the message comes again. If it happens often, look at the database and the engine's load.",
)
DRAINING = Kind(
    "draining",
    Fate.BUSY,
    Blame.US,
    when="The engine was told to stop and handed the work back.",
    remedy="Nothing: another engine takes the message.",
)
SUSPECT_WAITS = Kind(
    "suspect-waits",
    Fate.BUSY,
    Blame.US,
    when="An asset whose last worker died with it waits, because another such asset is being tried alone.",
    remedy="Nothing: it is tried next.",
)
STORAGE_AWAY = Kind(
    "storage-away",
    Fate.BUSY,
    Blame.US,
    when="One of our own buckets did not answer.",
    remedy="Nothing: receiving pauses until it answers. `sluice doctor` says which bucket and why.",
)
STORAGE_DENIED = Kind(
    "storage-denied",
    Fate.BUSY,
    Blame.US,
    when="One of our own buckets does not exist or does not let us in.",
    remedy="Check the bucket's name (ENGINE_*_BUCKET), region, and the engine's permissions.",
)
STAGED_COPY_GONE = Kind(
    "staged-copy-gone",
    Fate.RETRY,
    Blame.US,
    when="An object that was just staged under transient/ was gone when it was to be copied.",
    remedy="Check that the lifecycle rule of transient/ keeps objects for at least a day.",
)
SCRATCH_FULL = Kind(
    "scratch-full",
    Fate.BUSY,
    Blame.US,
    when="The scratch disk is full.",
    remedy="Give it more room, or lower ENGINE_SLOTS.",
)
SCRATCH_UNUSABLE = Kind(
    "scratch-unusable",
    Fate.BUSY,
    Blame.US,
    when="The scratch folder cannot be written or read.",
    remedy="Check that ENGINE_SCRATCH is mounted and writable by the engine.",
)
PROCESSOR_AWAY = Kind(
    "processor-away",
    Fate.BUSY,
    Blame.US,
    when="The image processor does not answer, or has no room for another image.",
    remedy="Nothing: receiving pauses until it answers. `sluice doctor` says how it fails.",
)
PROCESSOR_REFUSED = Kind(
    "processor-refused",
    Fate.REFUSED,
    Blame.ASSET,
    when="The image processor cannot convert this image; the message is its own.",
    remedy="Repair or replace the file at the origin, then ingest it again.",
    verbatim=True,
)
PROCESSOR_CONFUSED = Kind(
    "processor-confused",
    Fate.REFUSED,
    Blame.US,
    when="The image processor gave an answer that we do not know.",
    remedy="Check that ENGINE_PROCESSOR_URL is an image processor and of a version that we speak with.",
)
NO_DERIVATIVE = Kind(
    "no-derivative",
    Fate.REFUSED,
    Blame.ASSET,
    when="The image processor answered, but made no JPEG 2000.",
    remedy="Look at the processor's log for this asset.",
)
NOTIFICATIONS_AWAY = Kind(
    "notifications-away",
    Fate.BUSY,
    Blame.US,
    when="The topic for finished batches did not answer.",
    remedy="Check ENGINE_BATCH_TOPIC. The notification waits in the outbox.",
)
QUEUE_AWAY = Kind(
    "queue-away",
    Fate.BUSY,
    Blame.US,
    when="A queue did not answer.",
    remedy="Check the queue's name (ENGINE_*_QUEUE) and the engine's permissions.",
)
INTERNAL = Kind(
    "internal-error",
    Fate.RETRY,
    Blame.US,
    when="Something went wrong inside the engine that nobody foresaw.",
    remedy="Please report it, with the log line of this run.",
)

# ---- reading the request

REQUEST_NOT_JSON = Kind(
    "request-not-json",
    Fate.UNREADABLE,
    Blame.REQUEST,
    when="The message or the body of the POST is not a JSON object in UTF-8.",
    remedy='Send one JSON object: {"id": "99/1/page-1"} is the shortest.',
)
REQUEST_BAD_ID = Kind(
    "request-bad-id",
    Fate.UNREADABLE,
    Blame.REQUEST,
    when="The message names no asset: `id` is missing, no `customer/space/asset`, too long, or contradicts itself.",
    remedy="Name the asset as customer/space/asset: two whole numbers and a text without `/`, 220 characters at most.",
)
REQUEST_BAD_FIELD = Kind(
    "request-bad-field",
    Fate.UNREADABLE,
    Blame.REQUEST,
    when="A property of the message has a value of the wrong kind, a `created` that is no date for example.",
    remedy="Correct the property that the reason names, and send the message again.",
)

# ---- the asset and its batch

UNKNOWN_ASSET = Kind(
    "unknown-asset",
    Fate.REFUSED,
    Blame.UNKNOWN_ASSET,
    when="The message has no origin, and the database has no such asset.",
    remedy="Create the asset through the API first, or send the full form of the message, with its origin.",
)
ASSET_FIELD_TOO_LONG = Kind(
    "asset-field-too-long",
    Fate.REFUSED,
    Blame.ASSET,
    when='A full message carries a value that is longer than the column of "Images" that holds it.',
    remedy="Shorten the value that the reason names.",
)
BATCH_UNKNOWN = Kind(
    "batch-unknown",
    Fate.REFUSED,
    Blame.ASSET,
    when="A full message names a batch that the database does not have.",
    remedy="Create the batch first, or leave `batchId` out.",
)

# ---- delivery channels and policies

CHANNELS_MISSING = Kind(
    "channels-missing",
    Fate.REFUSED,
    Blame.POLICY,
    when="The asset has no delivery channel, and none is given by default for its media type.",
    remedy="Give the asset a delivery channel, or add a default delivery channel for its media type.",
)
CHANNEL_UNKNOWN = Kind(
    "channel-unknown",
    Fate.REFUSED,
    Blame.POLICY,
    when="The asset has a delivery channel that the DLCS does not have.",
    remedy="Use iiif-img, thumbs, file or none.",
)
CHANNEL_UNSUPPORTED = Kind(
    "channel-unsupported",
    Fate.REFUSED,
    Blame.POLICY,
    when="The asset has the channel iiif-av: audio and video are not image work.",
    remedy="Remove iiif-av from the asset; nothing was stored for it.",
)
CHANNELS_CONTRADICT = Kind(
    "channels-contradict",
    Fate.REFUSED,
    Blame.POLICY,
    when="The asset has the channel none and others beside it.",
    remedy="Remove none, or everything else.",
)
POLICY_UNKNOWN = Kind(
    "policy-unknown",
    Fate.REFUSED,
    Blame.POLICY,
    when="A full message names a policy that neither the customer nor the system has.",
    remedy="Use the name of a delivery channel policy, or a built-in recipe; see docs/policies.md.",
)
POLICY_INVALID = Kind(
    "policy-invalid",
    Fate.REFUSED,
    Blame.POLICY,
    when="The PolicyData of a policy of this asset makes no sense.",
    remedy="Correct the field that the reason names; `sluice policies check` reports all such rows.",
)
QUOTA_UNKNOWN = Kind(
    "quota-unknown",
    Fate.REFUSED,
    Blame.POLICY,
    when='The customer\'s storage policy has no row in "StoragePolicies", so nothing is known of the quota.',
    remedy="Add the row that the reason names, or exempt the customer (ENGINE_QUOTA_EXEMPT).",
)
OVER_QUOTA = Kind(
    "over-quota",
    Fate.REFUSED,
    Blame.QUOTA,
    when="What the customer stores, with this asset, would exceed the storage policy.",
    remedy="Raise MaximumTotalSizeOfStoredImages of the customer's storage policy, or delete assets.",
    verbatim=True,
)

# ---- the origin, before any connection

STRATEGY_UNKNOWN = Kind(
    "strategy-unknown",
    Fate.REFUSED,
    Blame.POLICY,
    when="The origin strategy that matches has a name that the DLCS does not have.",
    remedy="Use default, basic-http-authentication, s3-ambient or sftp.",
)
STRATEGY_WITHOUT_CREDENTIALS = Kind(
    "strategy-without-credentials",
    Fate.REFUSED,
    Blame.POLICY,
    when="The origin strategy that matches needs credentials and has none.",
    remedy="Give the strategy credentials: `sluice credentials --help`.",
)
ORIGIN_ADDRESS_UNUSABLE = Kind(
    "origin-address-unusable",
    Fate.REFUSED,
    Blame.ASSET,
    when="The origin is no address that its strategy can fetch.",
    remedy="Correct the origin, or add an origin strategy that matches it.",
)
ORIGIN_FORBIDDEN = Kind(
    "origin-forbidden",
    Fate.REFUSED,
    Blame.ASSET,
    when="The origin is an S3 address that customers may not name: our own buckets, or another customer's objects.",
    remedy="Put the original where the customer may read it: under `{customer}/` of the origin bucket.",
)

# ---- PLAN and ADMIT: what the asset says it is, and what it turns out to be

NOT_AN_IMAGE = Kind(
    "not-an-image",
    Fate.REFUSED,
    Blame.ASSET,
    when="The asset has an image channel, and its media type or its bytes are something else.",
    remedy="Check what the origin serves (often a page that says so in words), or use the file channel alone.",
)
FORMAT_NOT_SERVED = Kind(
    "format-not-served",
    Fate.REFUSED,
    Blame.POLICY,
    when="The policy is use-original, and the image server cannot read this format.",
    remedy="Use a policy that converts, `default` for example.",
)
LOCATION_TOO_LONG = Kind(
    "location-too-long",
    Fate.REFUSED,
    Blame.ASSET,
    when='The S3 address that an image server would read is longer than the column of "ImageLocation".',
    remedy="Use a shorter key for the original, or a policy that converts.",
)
IMAGE_EMPTY = Kind(
    "image-empty",
    Fate.REFUSED,
    Blame.ASSET,
    when="The origin is there and has no bytes.",
    remedy="Upload the original again.",
)
IMAGE_BROKEN = Kind(
    "image-broken",
    Fate.REFUSED,
    Blame.ASSET,
    when="The first bytes of the original promise an image and do not keep the promise.",
    remedy="Open the original in an image editor; upload it again if it is whole there.",
)
IMAGE_TOO_LARGE = Kind(
    "image-too-large",
    Fate.REFUSED,
    Blame.ASSET,
    when="The original has more pixels than this engine decodes, or more bytes than it fetches.",
    remedy="Reduce the original, or raise ENGINE_MAX_PIXELS (PROCESSOR_MAX_PIXELS with it) or ENGINE_MAX_BYTES.",
)
THUMBNAIL_TOO_LARGE = Kind(
    "thumbnail-too-large",
    Fate.REFUSED,
    Blame.POLICY,
    when="A size with `^` would enlarge this image beyond what is sensible for a thumbnail.",
    remedy="Ask for a smaller size in the thumbs policy; without `^` nothing is ever enlarged.",
)

# ---- CLAIM

CLAIMED_ELSEWHERE = Kind(
    "claimed-elsewhere",
    Fate.BUSY,
    Blame.US,
    when="Another worker is ingesting the same asset.",
    remedy="Nothing: the message comes back by itself.",
)
SUSPECT_CONDEMNED = Kind(
    "suspect-condemned",
    Fate.REFUSED,
    Blame.ASSET,
    when="The engine died three times in a row while it worked on this asset and, of those suspected, on no other; "
    "more often where engines die without a suspect, too.",
    remedy="Look at the original: it is probably made to exhaust memory. Then ingest it again by hand.",
)

# ---- database

DATABASE_AWAY = Kind(
    "database-away",
    Fate.BUSY,
    Blame.US,
    when="The database could not be reached, or did not answer in time.",
    remedy="Nothing: receiving pauses until it answers. `sluice doctor` says what it answers.",
)
DATABASE_UNREADY = Kind(
    "database-unready",
    Fate.BUSY,
    Blame.US,
    when="The database answers, but lacks tables or rights that the engine needs.",
    remedy="Run `sluice migrate`, and check what the engine's user may do; `sluice doctor` names what is missing.",
)
DATABASE_REJECTED = Kind(
    "database-rejected",
    Fate.REFUSED,
    Blame.ASSET,
    when="The database does not take a value of this asset: too long for its column, or no valid text.",
    remedy="Shorten or correct the value that the message names, then ingest the asset again.",
)

# ---- the origin, fetched

ORIGIN_NOT_FOUND = Kind(
    "origin-not-found",
    Fate.REFUSED,
    Blame.ORIGIN,
    when="The origin's server answered, and has nothing at that address (404, or no such file).",
    remedy="Correct the asset's origin, or put the original back; then ingest it again.",
)
ORIGIN_GONE = Kind(
    "origin-gone",
    Fate.REFUSED,
    Blame.ORIGIN,
    when="The origin's server says that the original was removed for good (410).",
    remedy="Give the asset another origin, or delete the asset.",
)
ORIGIN_UNAUTHORISED = Kind(
    "origin-unauthorised",
    Fate.REFUSED,
    Blame.ORIGIN,
    when="The origin wants a login, or does not accept the one that it was given (401).",
    remedy="Give the matching origin strategy the right credentials; try them with `sluice credentials check`.",
)
ORIGIN_DENIED = Kind(
    "origin-denied",
    Fate.REFUSED,
    Blame.ORIGIN,
    when="The origin knows us and does not let us read the original (403, or no permission).",
    remedy="Let the account that the reason names read it, then ingest the asset again.",
)
ORIGIN_REJECTED = Kind(
    "origin-rejected",
    Fate.REFUSED,
    Blame.ORIGIN,
    when="The origin's server answered with a status that is no file and that waiting does not change.",
    remedy="Open the origin in a browser, or ask whoever runs its server; the reason names the status.",
)
ORIGIN_RATE_LIMITED = Kind(
    "origin-rate-limited",
    Fate.RETRY,
    Blame.ORIGIN,
    when="The origin's server asks us to come back later (408, 425, 429, or slow down).",
    remedy="Nothing: it is tried again when the server said. If it stays so, ask for a higher limit there.",
)
ORIGIN_SERVER_ERROR = Kind(
    "origin-server-error",
    Fate.RETRY,
    Blame.ORIGIN,
    when="The origin's server failed (5xx).",
    remedy="Nothing: it is tried again. If it stays so, tell whoever runs the origin's server.",
)
ORIGIN_BAD_ANSWER = Kind(
    "origin-bad-answer",
    Fate.RETRY,
    Blame.ORIGIN,
    when="The origin's server does not keep to its protocol: broken headers, or far too many of them.",
    remedy="Tell whoever runs the origin's server; the reason says what was wrong.",
)
ORIGIN_REDIRECT_LOOP = Kind(
    "origin-redirect-loop",
    Fate.REFUSED,
    Blame.ORIGIN,
    when="The origin redirects in a circle, or more often than we follow.",
    remedy="Use the address that the redirects should end at as the asset's origin.",
)
ORIGIN_REDIRECT_OUTSIDE = Kind(
    "origin-redirect-outside",
    Fate.REFUSED,
    Blame.ORIGIN,
    when="The origin redirects to something that is no http or https address.",
    remedy="Use an http or https address that serves the original itself.",
)
ORIGIN_ADDRESS_FORBIDDEN = Kind(
    "origin-address-forbidden",
    Fate.REFUSED,
    Blame.ORIGIN,
    when="The origin's name leads to a private, local or otherwise reserved network address.",
    remedy="Use a public address; or, if the engine may read from that network, add it to ENGINE_ALLOWED_NETWORKS.",
)
ORIGIN_UNRESOLVABLE = Kind(
    "origin-unresolvable",
    Fate.RETRY,
    Blame.ORIGIN,
    when="The origin's host name has no address, or the name servers did not answer.",
    remedy="Check the spelling of the host in the asset's origin; else look at the name servers.",
)
ORIGIN_UNREACHABLE = Kind(
    "origin-unreachable",
    Fate.RETRY,
    Blame.ORIGIN,
    when="No connection to the origin's server came about: refused, no route, or no answer in time.",
    remedy="Check that the server runs and lets us in through its firewall.",
)
ORIGIN_INTERRUPTED = Kind(
    "origin-interrupted",
    Fate.RETRY,
    Blame.ORIGIN,
    when="The connection to the origin's server broke before everything had come, and resuming did not help.",
    remedy="Nothing: it is tried again. If it stays so, look at the server, or at proxies before it.",
)
ORIGIN_TRUNCATED = Kind(
    "origin-truncated",
    Fate.RETRY,
    Blame.ORIGIN,
    when="Fewer bytes came than the origin's server promised.",
    remedy="Compare the file's size with the Content-Length that the server sends.",
)
ORIGIN_CHANGED = Kind(
    "origin-changed",
    Fate.RETRY,
    Blame.ORIGIN,
    when="The original was replaced while it was being fetched.",
    remedy="Nothing: it is tried again.",
)
ORIGIN_DAMAGED = Kind(
    "origin-damaged",
    Fate.RETRY,
    Blame.ORIGIN,
    when="What came does not have the checksum that the origin's server gave for it.",
    remedy="If it stays so, the file or the checksum at the origin is wrong: upload the original again.",
)
ORIGIN_ENCODING = Kind(
    "origin-encoding",
    Fate.REFUSED,
    Blame.ORIGIN,
    when="The origin's server sends the original compressed in a way that we do not read, or broken.",
    remedy="Switch compression off for images at the server; gzip and deflate are read.",
)
ORIGIN_IDLE = Kind(
    "origin-idle",
    Fate.RETRY,
    Blame.ORIGIN,
    when="The origin's server fell silent: no byte came for longer than we wait.",
    remedy="Nothing: it is tried again. If it stays so, look at the origin's server.",
)
ORIGIN_TOO_SLOW = Kind(
    "origin-too-slow",
    Fate.RETRY,
    Blame.ORIGIN,
    when="The origin sends so slowly that it would not end in the time that a fetch may take.",
    remedy="Look at the origin's server and its network; or copy the original to S3 and ingest it from there.",
)
ORIGIN_CERTIFICATE = Kind(
    "origin-certificate",
    Fate.REFUSED,
    Blame.ORIGIN,
    when="The certificate of the origin's server cannot be trusted: expired, for another name, or of no known issuer.",
    remedy="Renew the certificate, and let the server send the intermediate ones too; the reason says what is wrong.",
)
ORIGIN_TLS = Kind(
    "origin-tls",
    Fate.RETRY,
    Blame.ORIGIN,
    when="No secure connection came about, for another reason than the certificate.",
    remedy="Check that the server speaks TLS 1.2 or newer on that port.",
)
ORIGIN_HOST_KEY = Kind(
    "origin-host-key",
    Fate.REFUSED,
    Blame.ORIGIN,
    when="The SFTP server's host key is not the one in the known-hosts file, or the file has none for it.",
    remedy="Make sure that the server is the right one, then correct the file that ENGINE_KNOWN_HOSTS names.",
)
ORIGIN_HOST_BUSY = Kind(
    "origin-host-busy",
    Fate.BUSY,
    Blame.ORIGIN,
    when="All connections that we allow ourselves to this host were taken, and none came free within a second.",
    remedy="Nothing: the asset comes back by itself, and others go first. Slow servers make this happen.",
)
ORIGIN_NO_BUCKET = Kind(
    "origin-no-bucket",
    Fate.REFUSED,
    Blame.ORIGIN,
    when="The origin is in an S3 bucket that does not exist.",
    remedy="Correct the bucket's name in the asset's origin.",
)
ORIGIN_WRONG_REGION = Kind(
    "origin-wrong-region",
    Fate.REFUSED,
    Blame.ORIGIN,
    when="The bucket is in another region than the origin or the credentials say.",
    remedy="Correct the region in the origin (s3://region/bucket/key), or in the credentials; or leave it out.",
)
ORIGIN_ARCHIVED = Kind(
    "origin-archived",
    Fate.REFUSED,
    Blame.ORIGIN,
    when="The original is in a storage class that must be restored before it can be read.",
    remedy="Restore the object, then ingest the asset again.",
)
CREDENTIALS_INVALID = Kind(
    "credentials-invalid",
    Fate.REFUSED,
    Blame.POLICY,
    when="The credentials of the origin strategy are not of the form that the strategy needs.",
    remedy="Write them anew as the reason says; `sluice credentials encrypt` makes a text for the row.",
)
CREDENTIALS_UNREADABLE = Kind(
    "credentials-unreadable",
    Fate.REFUSED,
    Blame.POLICY,
    when="The credentials of the origin strategy could not be read: not there, not allowed, or not decipherable.",
    remedy="Put them where the engine may read them, or encrypt them with a key that the engine has.",
)
CREDENTIALS_AWAY = Kind(
    "credentials-away",
    Fate.BUSY,
    Blame.US,
    when="The bucket or the key service that credentials are read with did not answer.",
    remedy="Nothing: the asset comes back by itself. `sluice doctor` says what is away.",
)

# ---- the synchronous endpoint

AT_CAPACITY = Kind(
    "at-capacity",
    Fate.BUSY,
    Blame.US,
    when="Every slot of the engine is taken, and the endpoint never queues.",
    remedy="Ask again later, or send the message to the queue. More engines, or a larger ENGINE_SLOTS, take more.",
)
STILL_RUNNING = Kind(
    "still-running",
    Fate.BUSY,
    Blame.US,
    when="The ingest goes on, but the caller of the endpoint has waited as long as ENGINE_HTTP_SECONDS lets it.",
    remedy="Ask again: an equal request joins the running one. `GET /runs/{id}` and `sluice runs` tell how it went.",
)


# ---- the image server

IMAGE_SERVER_AWAY = Kind(
    "image-server-away",
    Fate.BUSY,
    Blame.US,
    when="The image server that makes thumbnails does not answer, and there is no fallback.",
    remedy="Nothing: receiving pauses until it answers. `sluice doctor` says how it fails.",
)
IMAGE_SERVER_BEHIND = Kind(
    "image-server-behind",
    Fate.BUSY,
    Blame.US,
    when="The image server answers, but the asset's turn did not come, or it had no room, for all of its patience.",
    remedy="Give the image server more tasks, or the engines fewer slots: docs/thumbnails.md says how to size both.",
)
THUMBNAILS_FAILED = Kind(
    "thumbnails-failed",
    Fate.RETRY,
    Blame.US,
    when="The image server is well, but gave no usable picture of this image, however often it was asked.",
    remedy="Ask the image server for this image by hand: the message has its last answer.",
)
IMAGE_SERVER_BLIND = Kind(
    "image-server-blind",
    Fate.RETRY,
    Blame.US,
    when="The image server answered, but not with the dimensions of this image.",
    remedy="Ask the image server for its info.json by hand: the message has its last answer.",
)


CATALOGUE: Mapping[str, Kind] = MappingProxyType(
    {kind.code: kind for kind in list(globals().values()) if isinstance(kind, Kind)}
)
"""Every kind by its code, in the order of this file. Stays at its end."""
