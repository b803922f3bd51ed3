"""The syntax of .NET's regular expressions in the words of Python's `regex` module.

Beneath `dotnet_regex`. Search only: groups count for nothing but their back references. On the way the size of the
compiled pattern is estimated, for `regex` spells out what must occur several times.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LARGEST = 20_000
"""Nodes of a compiled pattern: a group that must occur n times is compiled n times, and once more."""

ESCAPES = "abBAcdDefGknpPrsStuvwWxzZ"
"""Letters that .NET knows behind a backslash; it refuses all others."""
OUTSIDE_ONLY = "ABGkzZ"
"""Those that mean nothing inside a class."""
QUANTIFIER = re.compile(r"\{([0-9]+)(?:,[0-9]*)?\}")
BLANK = re.compile(r"\s+|#[^\n]*")
GROUP = re.compile(
    r"\(\?(?:[:=!>]|<[=!]|<(?P<name>\w+)>|'(?P<quoted>\w+)'"
    r"|(?P<on>[imnsx]*)(?:-(?P<off>[imnsx]*))?(?P<end>[:)])|(?P<comment>#[^)]*\))|(?=\())"
)
REFERENCE = re.compile(r"\\k(?:<(\w+)>|'(\w+)')")
PROPERTY = re.compile(r"\\([pP])\{(Is)?([A-Za-z0-9_-]+)\}")


class PatternError(ValueError):
    """A pattern that cannot be used; says why, in a few words."""


@dataclass(slots=True)
class _Level:
    """What is known of one level of parentheses while it is read."""

    extended: bool = False  # option x: white space and comments mean nothing
    nodes: int = 0  # of all items but the last
    last: int = 0  # of the last item, which a quantifier would repeat
    single: bool = True  # the last item is one character or class: repeating it costs nothing

    def add(self, nodes: int = 1, *, single: bool = True) -> None:
        """Another item was read."""
        self.nodes, self.last, self.single = self.nodes + self.last, nodes, single
        self._check()

    def repeat(self, least: int) -> None:
        """The last item must occur so often at least."""
        if not self.single:
            self.last *= least + 1
            self._check()

    def _check(self) -> None:
        if self.nodes + self.last > LARGEST:
            raise PatternError("too large, with its repetitions spelt out")


class Translation:
    """One pattern on its way from .NET to Python, read once from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._levels = [_Level()]

    def whole(self) -> str:
        """The whole pattern; full case folding, which .NET does not do, is switched off."""
        parts = ["(?-f)"]
        while self._at < len(self._pattern):
            parts.append(self._next())
        return "".join(parts)

    def _next(self) -> str:
        level = self._levels[-1]
        if level.extended and (blank := BLANK.match(self._pattern, self._at)):
            self._at = blank.end()
            return ""
        match self._pattern[self._at]:
            case "(":
                return self._group()
            case ")":
                return self._close()
            case "{":
                return self._brace()
            case "*" | "+" | "?" as quantifier:
                level.repeat(1 if quantifier == "+" else 0)
                return self._take(1)
            case "[":
                translated = self._class()
                level.add(len(translated), single=translated.startswith("["))
                return translated
            case "\\":
                level.add()
                return self._escape()
            case _:
                level.add()
                return self._take(1)

    def _take(self, count: int) -> str:
        text = self._pattern[self._at : self._at + count]
        self._at += count
        return text

    def _literal(self) -> str:
        return "\\" + self._take(1)

    def _brace(self) -> str:
        """A quantifier, or else a brace: never Python's fuzzy matching, and never its {,n}."""
        match = QUANTIFIER.match(self._pattern, self._at)
        if match is None:
            self._levels[-1].add()
            return self._literal()
        self._levels[-1].repeat(int(match[1]))
        return self._take(len(match[0]))

    def _group(self) -> str:
        """An opening parenthesis and what it opens."""
        above = self._levels[-1]
        if not self._pattern.startswith("(?", self._at):
            if self._pattern.startswith("(*", self._at):
                raise PatternError("nothing before *")  # Python would read a verb
            self._levels.append(_Level(above.extended))
            return self._take(1)
        match = GROUP.match(self._pattern, self._at)
        if match is None:
            raise PatternError(f"{self._pattern[self._at : self._at + 6]} opens no group that can be used here")
        self._at += len(match[0])
        if match["comment"]:
            return ""
        if match["end"]:
            return self._options(match["on"], match["off"] or "", match["end"])
        self._levels.append(_Level(above.extended))
        name = match["name"] or match["quoted"]
        if name:
            return "(" if name.isdigit() else f"(?<{name}>"
        return match[0]

    def _options(self, on: str, off: str, end: str) -> str:
        """Inline options. White space is left out here; and which groups capture is all the same to a search."""
        level = self._levels[-1]
        extended = "x" not in off and ("x" in on or level.extended)
        if end == ":":
            self._levels.append(_Level(extended))
        else:
            level.extended = extended
        kept_on, kept_off = (re.sub("[nx]", "", options) for options in (on, off))
        options = f"{kept_on}-{kept_off}" if kept_off else kept_on
        if end == ":":
            return f"(?{options}:"
        return f"(?{options})" if options else ""

    def _close(self) -> str:
        """A closing parenthesis: what it closes is one item of the level above."""
        if len(self._levels) == 1:
            raise PatternError("a parenthesis too many")
        closed = self._levels.pop()
        self._levels[-1].add(closed.nodes + closed.last + 1, single=False)
        return self._take(1)

    def _escape(self) -> str:
        """A backslash and what follows, outside a class."""
        if match := REFERENCE.match(self._pattern, self._at):
            self._at += len(match[0])
            return f"(?P={match[1] or match[2]})"
        letter = self._pattern[self._at + 1 : self._at + 2]
        if letter == "Z":  # .NET's also stands before a last line break; \z is the same in both
            self._at += 2
            return r"(?=\n?\z)"
        return self._plain_escape(letter)

    def _plain_escape(self, letter: str) -> str:
        """An escape that means the same inside and outside a class."""
        if not letter:
            raise PatternError("a backslash at the end")
        if match := PROPERTY.match(self._pattern, self._at):
            self._at += len(match[0])
            return rf"\{match[1]}{{{'In' if match[2] else ''}{match[3]}}}"  # Is: a block, which Python calls In
        if letter == "c":
            control = self._pattern[self._at + 2 : self._at + 3].upper()
            if not "@" <= control <= "_":
                raise PatternError(r"\c without a control character")
            self._at += 3
            return f"\\x{ord(control) - ord('@'):02x}"
        if letter == "e":
            self._at += 2
            return r"\x1b"
        if letter == "_" or (letter.isalpha() and letter not in ESCAPES) or letter in "kpP":
            raise PatternError(f"\\{letter} means nothing to .NET")
        return self._take(2)

    def _class(self) -> str:
        """A character class; .NET's subtraction becomes a look-ahead in front of it."""
        start = self._take(2 if self._pattern.startswith("[^", self._at) else 1)
        parts: list[str] = []
        while self._at < len(self._pattern):
            if parts and self._pattern.startswith("]", self._at):
                self._at += 1
                return f"{start}{''.join(parts)}]"
            if parts and self._pattern.startswith("-[", self._at):
                self._at += 1
                without = self._class()
                if self._take(1) != "]":
                    raise PatternError("a subtraction must end its class")
                return f"(?:(?!{without}){start}{''.join(parts)}])"
            parts.append(self._in_class(behind_dash=parts[-1:] == ["-"]))
        raise PatternError("a class without its ]")

    def _in_class(self, *, behind_dash: bool) -> str:
        """One character of a class, in a class of Python's, which knows set operations."""
        character = self._pattern[self._at]
        if character == "\\":
            letter = self._pattern[self._at + 1 : self._at + 2]
            if letter and letter in OUTSIDE_ONLY:
                raise PatternError(f"\\{letter} inside a class")
            return self._plain_escape(letter)
        return self._literal() if character in "[]&|~^" or (character == "-" and behind_dash) else self._take(1)
