"""What can be said against an image or a request; flat, and each knows the words for whoever asked.

```
ProcessorError
├── Refusal       a verdict: no retry helps (422)
├── Overloaded    come back later (503)
└── WorkerError   a worker cannot do its work at all: the machine's fault, not the image's (503)
```

Foreign exceptions become a Refusal in the module that owns the library. Knows no HTTP and no DLCS.
"""

from __future__ import annotations


class ProcessorError(Exception):
    """Anything this room says on purpose."""


class Refusal(ProcessorError):  # noqa: N818 - a verdict, not a malfunction
    """A verdict about one field of the request; `source` unless another is named."""

    def __init__(self, message: str, *, field: str = "source", kind: str = "image", given: object = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.kind = kind
        self.given = given


class Overloaded(ProcessorError):  # noqa: N818 - a state of ours, not a malfunction
    """Too much is waiting already, or we are going down; says after how many seconds to ask again."""

    def __init__(self, message: str, after: int = 5) -> None:
        super().__init__(message)
        self.after = after


class WorkerError(ProcessorError):
    """A worker cannot do its work at all: not the image's fault."""
