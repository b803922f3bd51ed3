"""docs/errors.md: every reason that an ingest can end with, made from the catalogue."""

from __future__ import annotations

from policies.reasons import CATALOGUE, Blame, Fate, Kind

FATES = {
    Fate.REFUSED: ("Refused", "No retry helps. The reason stands in the asset's Error and in its batch row."),
    Fate.RETRY: ("Retry", "May pass: tried again with growing pauses, and refused after the last attempt."),
    Fate.BUSY: ("Busy", "Not the asset's fault: nothing is recorded, no attempt is counted, the message comes again."),
    Fate.UNREADABLE: ("Unreadable", "No asset could be told from the message: it goes to the dead-letter queue."),
}
STATUS = {
    Blame.ASSET: 422,
    Blame.POLICY: 422,
    Blame.ORIGIN: 502,
    Blame.QUOTA: 507,
    Blame.UNKNOWN_ASSET: 404,
    Blame.US: 503,
    Blame.REQUEST: 400,
}


def errors_page() -> str:
    """The whole page."""
    lines = [
        "# Reasons",
        "",
        "<!-- made by `make docs` from policies/reasons.py; do not edit -->",
        "",
        "Every way in which an ingest can end other than well, by its code. The code stands in the log line",
        "(`reason`), in the metrics (`sluice_ingests_total{reason=…}`), in `sluice runs`, and in the answer of",
        "`POST /asset-ingest`; the message beside it names the asset or the address, without secrets.",
    ]
    for fate, (title, meaning) in FATES.items():
        kinds = sorted((kind for kind in CATALOGUE.values() if kind.fate is fate), key=lambda kind: kind.code)
        if kinds:
            lines += ["", f"## {title}", "", meaning]
            for kind in kinds:
                lines += ["", *_entry(kind)]
    return "\n".join(lines) + "\n"


def _entry(kind: Kind) -> list[str]:
    status = 503 if kind.fate in {Fate.RETRY, Fate.BUSY} else STATUS[kind.blame]
    return [f"### {kind.code}", "", kind.when, "", f"*What to do:* {kind.remedy}", "", f"Over HTTP: {status}."]
