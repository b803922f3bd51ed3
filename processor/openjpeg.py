"""Finds libopenjp2 and hands out glymur's binding of it; the only module that decides which copy is used.

The system's library is preferred, for it gets the system's security updates; without one, the copy inside
Pillow's wheel is used, so that nothing has to be installed but wheels. glymur looks for the library when it is
imported, and takes a path only from its configuration file: one is made for that moment.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ctypes.util import find_library
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

Finder = Callable[[], Path | None]


def system_library() -> Path | None:
    """The libopenjp2 that the system's loader knows."""
    name = find_library("openjp2")
    return Path(name) if name else None


def wheel_library() -> Path | None:
    """The libopenjp2 that Pillow's wheel brings along."""
    found = importlib.util.find_spec("PIL")
    if found is None or found.origin is None:
        return None
    package = Path(found.origin).parent
    for folder in (package.parent / "pillow.libs", package / ".dylibs"):
        for library in sorted(folder.glob("libopenjp2*")):
            return library
    return None


@cache
def binding(finders: Sequence[Finder] = (system_library, wheel_library)) -> ModuleType:
    """glymur.lib.openjp2 with the first library that is found."""
    library = next((path for find in finders if (path := find())), None)
    if library is None:
        raise RuntimeError("libopenjp2 is neither installed nor part of Pillow here: install libopenjp2-7")
    with _configured(library):
        module = importlib.import_module("glymur.lib.openjp2")
    if module.OPENJP2 is None:
        raise RuntimeError(f"libopenjp2 at {library} cannot be loaded")
    return module


@contextmanager
def _configured(library: Path) -> Iterator[None]:
    before = os.environ.get("XDG_CONFIG_HOME")
    with TemporaryDirectory() as folder:
        (Path(folder) / "glymur").mkdir()
        (Path(folder) / "glymur" / "glymurrc").write_text(f"[library]\nopenjp2: {library}\n")
        os.environ["XDG_CONFIG_HOME"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["XDG_CONFIG_HOME"]
            else:
                os.environ["XDG_CONFIG_HOME"] = before
