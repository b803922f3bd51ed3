"""Regular expressions as .NET reads them, translated for the `regex` module.

Customers' patterns were written for .NET, and the rest of a DLCS still reads them with it: what .NET refuses is
refused here, and what means something else in Python is put into Python's words. Search only: groups count for
nothing but their back references.
"""

from __future__ import annotations

import re

import regex

LONGEST = 2000
"""Characters; the column holds fewer."""

ESCAPES = "abBAcdDefGknpPrsStuvwWxzZ"
"""Letters that .NET knows behind a backslash; it refuses all others."""
QUANTIFIER = re.compile(r"\{[0-9]+(?:,[0-9]*)?\}")
GROUP = re.compile(
    r"\(\?(?:[:=!>]|<[=!]|<(?P<name>\w+)>|'(?P<quoted>\w+)'|(?P<flags>[imnsx]*(?:-[imnsx]*)?)(?P<end>[:)])|#[^)]*\)|(?=\())"
)
REFERENCE = re.compile(r"\\k(?:<(\w+)>|'(\w+)')")
PROPERTY = re.compile(r"\\([pP])\{(Is)?([A-Za-z0-9_-]+)\}")


class PatternError(ValueError):
    """A pattern that cannot be used; says why, in a few words."""


def compile_dotnet(pattern: str) -> regex.Pattern[str]:
    """A .NET pattern, ready to be searched for without regard to case, or PatternError."""
    if len(pattern) > LONGEST:
        raise PatternError(f"longer than {LONGEST} characters")
    translated = _Translation(pattern).whole()
    try:
        return regex.compile(translated, regex.VERSION1 | regex.IGNORECASE)
    except RecursionError as error:
        raise PatternError("nested too deep") from error
    except (regex.error, ValueError, OverflowError, MemoryError) as error:
        raise PatternError(str(error) or type(error).__name__) from error


class _Translation:
    """One pattern on its way from .NET to Python, read once from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def whole(self) -> str:
        """The whole pattern; full case folding, which .NET does not do, is switched off."""
        parts = ["(?-f)"]
        while self._at < len(self._pattern):
            parts.append(self._next())
        return "".join(parts)

    def _next(self) -> str:
        match self._pattern[self._at]:
            case "\\":
                return self._escape()
            case "[":
                return self._class()
            case "(":
                return self._group()
            case "{":  # never Python's fuzzy matching, and never its {,n}
                return self._taken(QUANTIFIER) or self._literal()
            case _:
                return self._take(1)

    def _take(self, count: int) -> str:
        text = self._pattern[self._at : self._at + count]
        self._at += count
        return text

    def _taken(self, what: re.Pattern[str]) -> str:
        match = what.match(self._pattern, self._at)
        return self._take(len(match[0])) if match else ""

    def _literal(self) -> str:
        return "\\" + self._take(1)

    def _escape(self) -> str:
        """A backslash and what follows, outside a class."""
        for what, translate in ((REFERENCE, _reference), (PROPERTY, _property)):
            if match := what.match(self._pattern, self._at):
                self._at += len(match[0])
                return translate(match)
        letter = self._pattern[self._at + 1 : self._at + 2]
        if letter == "Z":  # .NET's also stands before a last line break
            self._at += 2
            return r"(?=\n?\Z)"
        if letter == "z":
            self._at += 2
            return r"\Z"
        return self._plain_escape(letter)

    def _plain_escape(self, letter: str) -> str:
        """An escape that means the same inside and outside a class."""
        if not letter:
            raise PatternError("a backslash at the end")
        if letter == "c":
            control = self._pattern[self._at + 2 : self._at + 3]
            if not ("@" <= control.upper() <= "_"):
                raise PatternError(r"\c without a control character")
            self._at += 3
            return f"\\x{ord(control.upper()) - 64:02x}"
        if letter == "e":
            self._at += 2
            return r"\x1b"
        if letter == "_" or (letter.isalpha() and letter not in ESCAPES) or letter in "kpP":
            raise PatternError(f"\\{letter} means nothing to .NET")
        return self._take(2)

    def _group(self) -> str:
        """An opening parenthesis and what it opens."""
        if self._pattern.startswith("(*", self._at):
            raise PatternError("nothing before *")  # Python would read a verb
        if not self._pattern.startswith("(?", self._at):
            return self._take(1)
        match = GROUP.match(self._pattern, self._at)
        if match is None:
            shown = self._pattern[self._at : self._at + 6]
            raise PatternError(f"{shown} opens no group that can be used here")
        self._at += len(match[0])
        if name := match["name"] or match["quoted"]:
            return "(" if name.isdigit() else f"(?<{name}>"
        if match["end"]:
            return _flags(match["flags"], match["end"])
        return match[0] if not match[0].startswith("(?#") else ""

    def _class(self) -> str:
        """A character class; .NET's subtraction becomes a look-ahead in front of it."""
        start = self._take(1) + ("^" if self._pattern.startswith("^", self._at) else "")
        self._at += len(start) - 1
        parts: list[str] = []
        while self._at < len(self._pattern):
            character = self._pattern[self._at]
            if character == "]" and parts:
                self._at += 1
                return f"{start}{''.join(parts)}]"
            if parts and self._pattern.startswith("-[", self._at):
                self._at += 1
                without = self._class()
                if self._take(1) != "]":
                    raise PatternError("a subtraction must end its class")
                return f"(?:(?!{without}){start}{''.join(parts)}])"
            parts.append(self._in_class(character, parts[-1:] == ["-"]))
        raise PatternError("a class without its ]")

    def _in_class(self, character: str, behind_dash: bool) -> str:
        if character == "\\":
            if match := PROPERTY.match(self._pattern, self._at):
                self._at += len(match[0])
                return _property(match)
            letter = self._pattern[self._at + 1 : self._at + 2]
            if letter in {"A", "B", "G", "k", "z", "Z"}:
                raise PatternError(f"\\{letter} inside a class")
            return self._plain_escape(letter)
        literal = character in "[]&|~^" or (character == "-" and behind_dash)  # Python knows set operations
        return self._literal() if literal else self._take(1)


def _reference(match: re.Match[str]) -> str:
    name = match[1] or match[2]
    return rf"\{name}" if name.isdigit() else rf"(?P={name})"


def _property(match: re.Match[str]) -> str:
    """A Unicode category or, behind `Is`, a block."""
    return rf"\{match[1]}{{{'In' if match[2] else ''}{match[3]}}}"


def _flags(flags: str, end: str) -> str:
    """Inline options; `n` only says which groups capture, and to a search that is all the same."""
    kept = flags.replace("n", "").removesuffix("-")
    if kept:
        return f"(?{kept}{end}"
    return "(?:" if end == ":" else ""
