"""The environment as commands see it: the process's own, over the lines of the file that ENGINE_ENV_FILE names."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

from engine.env_file import ENV_FILE, read_env_file
from engine.settings import Settings, read_settings


def lay_beneath(environ: MutableMapping[str, str]) -> None:
    """Adds the file's lines that are not ours to read, so that AWS's own clients and the processor see them too."""
    for variable, value in read_env_file(environ.get(ENV_FILE, "")).items():
        if not variable.startswith("ENGINE_"):
            environ.setdefault(variable, value)


def settings_with(*required: str) -> Settings:
    """The settings of this process, or one error that names every variable that is bad or missing."""
    settings = read_settings(os.environ)
    settings.require(*required)
    return settings
