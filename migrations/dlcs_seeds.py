"""The rows that every DLCS has: the system's policies, the default channels, the default storage policy.

Frozen, like the tables beside it.
"""

from __future__ import annotations

SYSTEM = 1
"""The customer that owns what is everybody's."""

POLICIES = (
    # id, channel, name, display name, system, data
    (1, "iiif-img", "default", "A default image policy", True, None),
    (2, "iiif-img", "use-original", "Use original at Image Server", True, None),
    (3, "thumbs", "default", "A default thumbs policy", False, '["!1024,1024","!400,400","!200,200","!100,100"]'),
    (4, "file", "none", "No transformations", True, None),
    (5, "iiif-av", "default-audio", "A default policy for audio", False, '["audio-mp3-128"]'),
    (6, "iiif-av", "default-video", "A default policy for video", False, '["video-mp4-480p"]'),
    (7, "none", "none", "Empty channel", True, None),
)

DEFAULT_CHANNELS = (
    # media type, channel, name of its policy
    ("application/*", "file", "none"),
    ("image/*", "iiif-img", "default"),
    ("image/*", "thumbs", "default"),
    ("video/*", "iiif-av", "default-video"),
    ("audio/*", "iiif-av", "default-audio"),
)

STORAGE_POLICY = ("default", 1_000_000_000, 1_000_000_000_000_000_000)
"""Its name, images at most, bytes at most."""
