"""Regular expressions as .NET reads them, ready to be searched for.

Customers' patterns were written for .NET, and the rest of a DLCS still reads them with it: what .NET refuses is
refused here too. Compiling is bounded like searching is: a pattern of a hundred characters can ask for gigabytes.
"""

from __future__ import annotations

from functools import lru_cache

import regex

from policies.dotnet_syntax import PatternError, Translation

__all__ = ["PatternError", "compile_dotnet"]

LONGEST = 1000
"""Characters; the column holds fewer."""


@lru_cache(maxsize=256)  # every asset of a customer asks for the same few
def compile_dotnet(pattern: str) -> regex.Pattern[str]:
    """A .NET pattern, to be searched for without regard to case, or PatternError."""
    if len(pattern) > LONGEST:
        raise PatternError(f"longer than {LONGEST} characters")
    translated = Translation(pattern).whole()
    try:
        return regex.compile(translated, regex.VERSION1 | regex.IGNORECASE)
    except RecursionError as error:
        raise PatternError("nested too deep") from error
    except (regex.error, ValueError, OverflowError, MemoryError) as error:
        problem = str(error).partition(" at position")[0]  # which would be one in the translation
        raise PatternError(problem or type(error).__name__) from error
