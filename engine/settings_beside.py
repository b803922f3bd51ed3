"""Variables that are listed with ours and read by others: the processor, the local image server, libraries, ECS.

The engine does not read these by the table, so that a processor's mistake stops no engine; whoever reads one judges
it. A test holds the table to what the code reads.
"""

from __future__ import annotations

from engine.variables import Section, Variable, choice, maybe, text, url, whole

PROCESSOR = Section(
    "The processor's own",
    (
        Variable("PROCESSOR_HOST", text("a host or address"), "127.0.0.1", "Where the processor listens."),
        Variable("PROCESSOR_PORT", whole(0, 65535), 8081, "Its port."),
        Variable("PROCESSOR_SCRATCH", text("a folder"), "", "The shared folder as the processor sees it. Required."),
        Variable(
            "PROCESSOR_WORKERS",
            maybe(whole(1, 256)),
            None,
            "Conversions at once, each in a process of its own.",
            shown="as many as there are cores",
        ),
        Variable(
            "PROCESSOR_QUEUE",
            maybe(whole(0, 100_000)),
            None,
            "Conversions that may wait for a worker; more are told to come back.",
            shown="four for each worker",
        ),
        Variable("PROCESSOR_SECONDS", whole(1, 86_400), 600, "The longest that one conversion may take."),
        Variable(
            "PROCESSOR_MEMORY_MB",
            maybe(whole(256, 1 << 20)),
            None,
            "What one worker may use; an image that needs more costs that image only.",
            shown="three quarters of the machine's, shared among the workers: 512 to 4096",
        ),
        Variable(
            "PROCESSOR_THREADS",
            maybe(whole(1, 256)),
            None,
            "Threads of one encoder.",
            shown="the cores, shared among the workers",
        ),
        Variable("PROCESSOR_MAX_PIXELS", whole(1, 1 << 36), 1_000_000_000, "Images with more pixels are refused."),
        Variable(
            "PROCESSOR_UNTILED_PIXELS",
            maybe(whole(1, 1 << 36)),
            None,
            "Images with more pixels get tiles, even when the recipe has none.",
            shown="40000000, or fewer where a worker has less memory",
        ),
        Variable(
            "PROCESSOR_J2K_ENCODER",
            choice("openjpeg", "grok", "kakadu"),
            "openjpeg",
            "Who encodes JPEG 2000; the last two must be installed.",
        ),
        Variable(
            "PROCESSOR_HTJ2K_ENCODER",
            choice("openjph", "grok", "kakadu"),
            "openjph",
            "Who encodes High-Throughput JPEG 2000; the last two must be installed.",
        ),
        Variable(
            "PROCESSOR_RECYCLE", whole(1, 1_000_000), 250, "Conversions after which a worker is replaced by a new one."
        ),
        Variable("PROCESSOR_DRAIN_SECONDS", whole(0, 86_400), 100, "What running conversions get after SIGTERM."),
    ),
)

IMAGE_SERVER = Section(
    "The local image server's own",
    (
        Variable("IMAGE_SERVER_HOST", text("a host or address"), "127.0.0.1", "Where `sluice image-server` listens."),
        Variable("IMAGE_SERVER_PORT", whole(0, 65535), 8182, "Its port."),
        Variable(
            "IMAGE_SERVER_WORKERS", maybe(whole(1)), None, "Pictures made at once.", shown="as many as there are cores"
        ),
        Variable(
            "IMAGE_SERVER_CACHE",
            text("a folder"),
            "",
            "Its own folder for sources; emptied at start.",
            shown="`sluice-image-server` in the folder for temporary files",
        ),
        Variable("IMAGE_SERVER_CACHE_BYTES", whole(1), 4 * 1024**3, "What the sources may take up there."),
    ),
)

SURROUNDINGS = Section(
    "Set by others, and obeyed",
    (
        Variable("AWS_ENDPOINT_URL_S3", maybe(url("http", "https")), None, "AWS's own: another endpoint for S3 alone."),
        Variable(
            "AWS_DEFAULT_REGION", maybe(text("a region")), None, "AWS's own: the region where AWS_REGION is unset."
        ),
        Variable(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            maybe(url("http", "https")),
            None,
            "OpenTelemetry's own: where traces go; its other variables hold too. Unset: no traces.",
        ),
        Variable(
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", maybe(url("http", "https")), None, "Likewise, for traces alone."
        ),
        Variable("OTEL_SERVICE_NAME", text("a name"), "sluice", "OpenTelemetry's own: what traces call this service."),
        Variable(
            "ECS_AGENT_URI",
            maybe(url("http", "https")),
            None,
            "Set by ECS: a task asks there not to be stopped by scale-in while it works.",
        ),
    ),
)

BESIDE = (PROCESSOR, IMAGE_SERVER, SURROUNDINGS)
