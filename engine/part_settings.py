"""From the settings of the environment to what each part is told. Each part keeps its own settings beside it."""

from __future__ import annotations

from engine.aws import AwsSettings
from engine.db.settings import DatabaseSettings
from engine.outbound.processor import ProcessorSettings
from engine.outbound.thumbnail_settings import ThumbnailSettings
from engine.settings import Settings
from origins.port import OriginSettings


def aws_settings(settings: Settings) -> AwsSettings:
    """What the AWS clients are told."""
    return AwsSettings(settings.aws.region, settings.aws.path_style, connections=4 * settings.work.slots + 16)


def database_settings(settings: Settings) -> DatabaseSettings:
    """What the database's connections are told."""
    part = settings.database
    work = settings.work
    return DatabaseSettings(
        part.url,
        part.connections,
        part.pgbouncer,
        lease_seconds=work.lease,
        grace_seconds=work.grace,
        record_patience_seconds=work.lease / 2,
    )


def processor_settings(settings: Settings) -> ProcessorSettings:
    """What the processor's client is told."""
    part = settings.processor
    return ProcessorSettings(part.url, part.scratch, part.processor_scratch, part.seconds)


def thumbnail_settings(settings: Settings) -> ThumbnailSettings:
    """What the makers of thumbnails are told."""
    part = settings.thumbnails
    return ThumbnailSettings(part.image_servers, part.first, part.fallback)


def origin_settings(settings: Settings) -> OriginSettings:
    """What the origin strategies are told."""
    part = settings.origins
    half = max(1, (settings.work.slots - settings.work.priority_slots) // 2)  # one slow server cannot hold all slots
    return OriginSettings(
        connections_per_host=min(half, 16),
        sftp_sessions_per_host=min(half, 4),
        allowed_networks=part.allowed_networks,
        max_bytes=part.max_bytes,
        known_hosts=part.known_hosts,
        security_bucket=settings.buckets.security,
        credentials_keys=part.credentials_keys,
        s3_region=settings.aws.region,
        s3_path_style=settings.aws.path_style,
    )
