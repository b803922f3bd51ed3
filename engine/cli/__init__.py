"""The `sluice` command. Sub-commands live one to a module beside this one and are imported when asked for."""

import sys


def main() -> None:
    sys.exit("not yet")
