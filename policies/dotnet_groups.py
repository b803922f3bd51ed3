"""Which group a reference means: .NET counts the groups without a name first, then those with one.

Beneath `dotnet_syntax`, which meets groups and references in any order and asks when it has read the whole pattern.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

OCTAL = re.compile("[0-7]{1,3}")


class PatternError(ValueError):
    """A pattern that cannot be used; says why, in a few words."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A word that may mean a group: `\\2`, `\\k<name>`, or the condition in `(?(name)yes|no)`."""

    word: str
    condition: bool = False
    bare: bool = False  # digits behind a backslash, which may mean a character instead

    def to(self, group: str | int) -> str:
        """The reference in Python's words."""
        return f"(?({group})" if self.condition else f"(?P={group})"


@dataclass(slots=True)
class Groups:
    """The groups that capture, in the order in which Python counts them; one without a name by its number."""

    _counted: list[str | int] = field(default_factory=list)
    _unnamed: int = 0

    def open(self, name: str | None) -> str:
        """Another group: what it is opened with in Python. A number is a name here, and the same for all."""
        if name is None:
            self._unnamed += 1
        if name is None or name.isdecimal():
            self._counted.append(int(name) if name else self._unnamed)
            return "("
        if name not in self._counted:
            self._counted.append(name)
        return f"(?<{name}>"

    def resolve(self, reference: Reference) -> str:
        """What a reference comes to, once all groups are known."""
        word = reference.word
        if not word.isdecimal():
            if word in self._counted:
                return reference.to(word)
            if reference.condition:
                return f"(?(?={word})"  # not a group: a text to look for
        elif group := self._numbers().get(int(word)):
            return reference.to(group)
        elif reference.bare and int(word) > 9 and (code := OCTAL.match(word)):
            return f"\\x{int(code[0], 8) & 0xFF:02x}{word[code.end() :]}"
        raise PatternError(f"unknown group {word}")

    def _numbers(self) -> dict[int, int]:
        """Python's number of each group by .NET's; of several with one number the last."""
        numbers = {group: at for at, group in enumerate(self._counted, start=1) if isinstance(group, int)}
        free = self._unnamed + 1
        for at, group in enumerate(self._counted, start=1):
            if isinstance(group, str):
                while free in numbers:
                    free += 1
                numbers[free] = at
        return numbers
