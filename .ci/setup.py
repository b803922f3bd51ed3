"""`make setup`: everything this project needs, in .venv; says what it did and what it reused.

Runs on a bare Python, so it imports nothing but the standard library. The AWS emulator lives in an
environment of its own (.venv/emulator), for it wants other versions of the AWS libraries than the engine.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
EMULATOR = VENV / "emulator"
PLACE = VENV / "place"
STAMP = VENV / "setup.sha256"
INPUTS = ("pyproject.toml", "requirements/all.lock", "requirements/emulator.lock", ".ci/setup.py")


def stop(happened: str, remedy: str) -> None:
    sys.exit(f"setup: {happened}\n       {remedy}")


def run(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], check=False, cwd=ROOT)
    if done.returncode:
        stop(
            f"`{' '.join(str(part) for part in command[:4])} …` failed (exit code {done.returncode}).",
            "Its own words stand above. Is the package index reachable? Try again: what is there is kept.",
        )


def environment(folder: Path) -> None:
    """A virtual environment, unless a whole one is there already."""
    if (folder / "bin" / "python").exists() and (folder / "bin" / "pip").exists():
        return
    try:
        import ensurepip  # noqa: F401, PLC0415
    except ImportError:
        stop(
            "this Python cannot make virtual environments.",
            f"On Debian or Ubuntu: apt-get install python3.{sys.version_info.minor}-venv",
        )
    run(sys.executable, "-m", "venv", folder)


def start_anew_if_moved() -> None:
    """Programs in .venv name their folder and their Python: after a move or an upgrade none of them would run."""
    here = f"{ROOT} {sys.version}"
    if PLACE.exists() and PLACE.read_text() != here:
        print("setup: the checkout was moved or Python was changed, so .venv is made anew", flush=True)
        shutil.rmtree(VENV)
    VENV.mkdir(exist_ok=True)
    PLACE.write_text(here)


def fingerprint() -> str:
    digest = hashlib.sha256(f"{ROOT} {sys.version}".encode())
    for name in INPUTS:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def main() -> None:
    if sys.version_info < (3, 11):
        stop(
            f"this is Python {sys.version.split()[0]}; 3.11 or newer is needed.",
            "Name another one: make PYTHON=python3.12 setup",
        )
    if os.name != "posix":
        stop("only Linux and macOS are supported.", "On Windows, use WSL.")
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted:
        print(f"setup: .venv is up to date ({sys.version.split()[0]}), reused")
        return
    began = time.monotonic()
    start_anew_if_moved()
    print("setup: installing into .venv (about 200 MB of packages the first time) …", flush=True)
    environment(VENV)
    run(VENV / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv>=0.9")
    uv = VENV / "bin/uv"
    install = (uv, "pip", "install", "--quiet", "--require-hashes", "--python")
    run(*install, VENV / "bin/python", "-r", "requirements/all.lock")
    run(uv, "pip", "install", "--quiet", "--no-deps", "--python", VENV / "bin/python", "--editable", ".")
    environment(EMULATOR)
    run(*install, EMULATOR / "bin/python", "-r", "requirements/emulator.lock")
    STAMP.write_text(wanted)
    print(f"setup: done in {time.monotonic() - began:.0f} s")


main()
