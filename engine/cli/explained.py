"""An explanation on a terminal: the decisions in the order in which an ingest makes them."""

from __future__ import annotations

from rich.markup import escape

from engine.cli.output import NONE, row, show, size, table
from policies.explanation import Explanation, PlaceLine, QuotaLine

MATCHED, NOT = "matched", "does not match"
BOUNDLESS = 10**18
LONGEST_REGEX = 60


def print_explanation(explained: Explanation) -> None:
    """Everything, section by section; what there is nothing of is left out."""
    show(f"[bold]{escape(explained.asset)}[/]  {escape(explained.media_type)}\n{escape(explained.origin)}\n")
    _print_strategies(explained)
    _print_policies(explained)
    _print_quota(explained.quota)
    if explained.refusal:
        refusal = explained.refusal
        show(f"[bold red]Refused[/] ({refusal.code}): {escape(refusal.message)}\n{escape(refusal.remedy)}")
        return
    _print_plan(explained)
    _print_thumbnails(explained)
    _print_requests(explained)


def _print_strategies(explained: Explanation) -> None:
    made = table("Origin strategy", "", "row", "strategy", "regex", "")
    for line in explained.strategies:
        matched = line.verdict == MATCHED
        style = "green" if matched else "dim" if line.verdict == NOT else "red"
        said = f"{line.verdict}: {line.detail}" if line.detail else line.verdict
        regex = line.regex if len(line.regex) <= LONGEST_REGEX else f"{line.regex[:LONGEST_REGEX]}… (whole with --json)"
        row(made, "→" if matched else "", line.id, line.strategy, regex, said, style=style)
    show(made)
    if explained.place:
        _print_place(explained.place)


def _print_place(place: PlaceLine) -> None:
    optimised = ", optimised: treated as our own storage" if place.optimised else ""
    show(f"Fetched by {escape(place.strategy)}, credentials: {escape(place.credentials)}{optimised}\n")


def _print_policies(explained: Explanation) -> None:
    made = table("Delivery channels", "channel", "policy", "of", "means")
    for line in explained.policies:
        row(made, line.channel, f"{line.policy} (row {line.id})", line.owner, line.means)
    show(made)


def _print_quota(quota: QuotaLine) -> None:
    boundless = quota.maximum is not None and quota.maximum >= BOUNDLESS
    maximum = "no limit" if boundless else size(quota.maximum)
    held = f"{size(quota.total)} of {maximum}, of which this asset {size(quota.this_asset)}"
    show(f"[bold]Quota[/]  storage policy {escape(quota.policy)}: {held}: {escape(quota.verdict)}\n")


def _print_plan(explained: Explanation) -> None:
    show(f"[bold]Plan[/]  row of the decision table: {escape(explained.row or NONE)}")
    for step in explained.steps:
        show(f"  • {escape(step)}")
    for stored in explained.stored:
        show(f"  kept: {escape(stored)}")
    show(f"  ImageLocation.S3: {escape(explained.location or 'no row')}\n")


def _print_thumbnails(explained: Explanation) -> None:
    if explained.image is None:
        return
    known = "" if explained.image.known else " (an example: nobody knows its size yet; try --size)"
    made = table(f"Thumbnails of an image of {explained.image.size}{known}", "size", "key", "made", right=("size",))
    for line in explained.thumbnails:
        row(made, line.size, line.key, line.made, style="yellow" if line.side == "auth" else None)
    show(made)
    show(f"s.json  {escape(explained.sizes_json or NONE)}\n")


def _print_requests(explained: Explanation) -> None:
    if explained.requests:
        made = table("Requests", "to", "request")
        for line in explained.requests:
            row(made, line.to, line.request)
        show(made)
