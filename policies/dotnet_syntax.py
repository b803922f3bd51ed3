"""The syntax of .NET's regular expressions in the words of Python's `regex` module.

Beneath `dotnet_regex`. Search only: groups count for nothing but the references to them (`dotnet_groups`). On the way
the size of the compiled pattern is estimated, for `regex` spells out what must occur several times.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from policies.dotnet_groups import Groups, PatternError, Reference

__all__ = ["PatternError", "Translation"]

LARGEST = 20_000
"""Nodes of a compiled pattern: a group that must occur n times is compiled n times, and once more."""

ESCAPES = "abBAcdDefGknpPrsStuvwWxzZ"
"""Letters that .NET knows behind a backslash; it refuses all others."""
OUTSIDE_ONLY = "ABGkzZ"
"""Those that mean nothing inside a class."""
SETS = tuple(f"\\{letter}" for letter in "dDpPsSwW")  # escapes that stand for many characters
QUANTIFIER = re.compile(r"\{([0-9]+)(?:,[0-9]*)?\}")
BLANK = re.compile(r"\s+|#[^\n]*")
GROUP = re.compile(
    r"\(\?(?:[:=!>]|<[=!]|<(?P<name>\w+)>|'(?P<quoted>\w+)'"
    r"|(?P<on>[imnsx]*)(?:-(?P<off>[imnsx]*))?(?P<end>[:)])|(?P<comment>#[^)]*\))|(?=\(\?)|(?P<look>\())"
)
CONDITION = re.compile(r"\(\?\((\w+)\)")
NUMBER = re.compile(r"\\([1-9][0-9]*)")
REFERENCE = re.compile(r"\\k(?:<(\w+)>|'(\w+)')")
PROPERTY = re.compile(r"\\([pP])\{(Is)?([A-Za-z0-9_-]+)\}")


@dataclass(slots=True)
class _Level:
    """What is known of one level of parentheses while it is read."""

    extended: bool = False  # option x: white space and comments mean nothing
    explicit: bool = False  # option n: only groups with a name capture
    nodes: int = 0  # of all items but the last
    last: int = 0  # of the last item, which a quantifier would repeat
    single: bool = True  # the last item is one character or class: repeating it costs nothing
    quantified: str = ""  # what the last item is quantified with already

    def inner(self) -> _Level:
        """The level that a parenthesis opens here."""
        return _Level(self.extended, self.explicit)

    def add(self, nodes: int = 1, *, single: bool = True) -> None:
        """Another item was read."""
        self.nodes, self.last, self.single = self.nodes + self.last, nodes, single
        self.quantified = ""
        self._check()

    def repeat(self, quantifier: str, least: int) -> None:
        """The last item must occur so often at least; once quantified, only a ? may follow, once."""
        if self.quantified and (quantifier != "?" or self.quantified == "lazy"):
            raise PatternError(f"nested quantifier {quantifier}")
        self.quantified = "lazy" if self.quantified else quantifier
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
        self._groups = Groups()

    def whole(self) -> str:
        """The whole pattern; full case folding, which .NET does not do, is switched off."""
        parts: list[str | Reference] = ["(?-f)"]
        while self._at < len(self._pattern):
            parts.append(self._next())
        return "".join(part if isinstance(part, str) else self._groups.resolve(part) for part in parts)

    def _next(self) -> str | Reference:
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
                level.repeat(quantifier, 1 if quantifier == "+" else 0)
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
        self._levels[-1].repeat(match[0], int(match[1]))
        return self._take(len(match[0]))

    def _group(self) -> str | Reference:
        """An opening parenthesis and what it opens."""
        above = self._levels[-1]
        if not self._pattern.startswith("(?", self._at):
            if self._pattern.startswith("(*", self._at):
                raise PatternError("nothing before *")  # Python would read a verb
            self._levels.append(above.inner())
            self._at += 1
            return "(?:" if above.explicit else self._groups.open(None)
        if match := CONDITION.match(self._pattern, self._at):
            self._levels.append(above.inner())
            self._at += len(match[0])
            return Reference(match[1], condition=True)
        match = GROUP.match(self._pattern, self._at)
        if match is None:
            raise PatternError(f"{self._pattern[self._at : self._at + 6]} opens no group that can be used here")
        self._at += len(match[0])
        if match["comment"]:
            return ""
        if match["end"]:
            return self._options(match["on"], match["off"] or "", match["end"])
        self._levels.append(above.inner())
        if match["look"]:  # a condition that is no group is looked for
            self._levels.append(above.inner())
            return "(?(?="
        name = match["name"] or match["quoted"]
        return self._groups.open(name) if name else match[0]

    def _options(self, on: str, off: str, end: str) -> str:
        """Inline options. What n and x mean is seen to here."""
        if end == ":":
            self._levels.append(self._levels[-1].inner())
        level = self._levels[-1]
        level.extended = "x" not in off and ("x" in on or level.extended)
        level.explicit = "n" not in off and ("n" in on or level.explicit)
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

    def _escape(self) -> str | Reference:
        """A backslash and what follows, outside a class."""
        if match := REFERENCE.match(self._pattern, self._at):
            self._at += len(match[0])
            return Reference(match[1] or match[2])
        if match := NUMBER.match(self._pattern, self._at):
            self._at += len(match[0])
            return Reference(match[1], bare=True)
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
            part = self._in_class(behind_dash=parts[-1:] == ["-"])
            if part.startswith(SETS) and _half_a_range(parts):
                raise PatternError(f"{part} ends no range")
            parts.append(part)
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


def _half_a_range(parts: Sequence[str]) -> bool:
    """Whether a class has a range that is begun and not ended."""
    single = half = False
    for part in parts:
        single, half = not half and not (single and part == "-") and not part.startswith(SETS), single and part == "-"
    return half
