"""`make mutate`: how many small errors, sown into the pure rooms, their unit tests find.

    make mutate                    both rooms
    make mutate ARGS=images        one of them
    make mutate ARGS="images --keep"   go on where the last run was stopped, e.g. after new tests

mutmut sows and counts. It runs in a folder of its own (.local/mutate/<room>) on copies of the room, the rooms below
it and the room's unit tests, so that neither the tree nor its settings know of it. What survives is printed;
docs/mutation.md says of each survivor why it is left.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".local" / "mutate"
BELOW = {"images": (), "policies": ("images",)}
ENOUGH = 0.90
PROFILE = """\
from hypothesis import settings

settings.register_profile("mutate", max_examples=30, derandomize=True, database=None, deadline=None)
settings.load_profile("mutate")
"""
CONFIGURATION = """\
[mutmut]
source_paths = {room}
also_copy =
    {also}
pytest_add_cli_args =
    -q
    -p
    no:cacheprovider
pytest_add_cli_args_test_selection = tests/unit/{room}
use_git_change_detection = false
timeout_constant = 5.0
"""
KILLED = {1, 3, 36, -24, 24, 152, 255}  # failed tests, internal errors, and time-outs
SKIPPED = {None, 34, 37}  # not run yet, marked as not to be mutated, caught by types


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutate", description=__doc__.partition("\n")[0])
    parser.add_argument("rooms", nargs="*", choices=[*BELOW, []], help="which rooms; both if none is named")
    parser.add_argument("--keep", action="store_true", help="go on with the last run instead of beginning anew")
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    scores = [mutate(room, workers=chosen.workers, keep=chosen.keep) for room in chosen.rooms or BELOW]
    return 0 if min(scores) >= ENOUGH else 1


def mutate(room: str, *, workers: int, keep: bool) -> float:
    """Sows into one room, and answers with the share of errors that its tests found."""
    folder = WORK / room
    prepare(room, folder, keep=keep)
    command = [str(Path(sys.executable).parent / "mutmut"), "run", "--max-children", str(workers)]
    if sys.stdout.isatty():
        subprocess.run(command, cwd=folder, check=True)
    else:  # its moving figures belong on a screen
        with (folder / "mutmut.log").open("w") as log:
            print(f"{room}: mutmut's own words go to {folder / 'mutmut.log'}", flush=True)
            subprocess.run(command, cwd=folder, check=True, stdout=log, stderr=log)
    return report(room, folder)


def prepare(room: str, folder: Path, *, keep: bool) -> None:
    """Copies what mutmut needs; results of an earlier run stay if they are to be kept."""
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
    copied = [room, *BELOW[room], f"tests/unit/{room}"]
    for name in copied:
        shutil.rmtree(folder / name, ignore_errors=True)
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tests/__init__.py", "tests/unit/__init__.py", "pyproject.toml"):
        shutil.copy2(ROOT / name, folder / name)
    (folder / "tests" / "conftest.py").write_text(PROFILE)
    also = "\n    ".join(BELOW[room] or ["tests"])
    (folder / "setup.cfg").write_text(CONFIGURATION.format(room=room, also=also))


def report(room: str, folder: Path) -> float:
    """Prints what was found and what was not, module by module."""
    codes = {}
    for meta in sorted((folder / "mutants" / room).rglob("*.meta")):
        codes.update(json.loads(meta.read_text())["exit_code_by_key"])
    tried = {name: code for name, code in codes.items() if code not in SKIPPED}
    survivors = sorted(name for name, code in tried.items() if code not in KILLED)
    found = len(tried) - len(survivors)
    for module, count in sorted(Counter(name.rpartition(".")[0] for name in survivors).items()):
        print(f"  {module}: {count} survived")
    for name in survivors:
        print(f"    {name}")
    share = found / len(tried) if tried else 0.0
    print(f"{room}: {found} of {len(tried)} sown errors were found ({share:.1%}); at least {ENOUGH:.0%} are wanted")
    return share


if __name__ == "__main__":
    sys.exit(main())
