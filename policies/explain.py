"""What would happen to an asset, and why: the decisions of an ingest, asked without doing anything.

It decides nothing itself: every line is what the functions that an ingest asks have answered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from images.size import Size
from policies.channels import IMAGE, THUMBS, USE_ORIGINAL, read_recipe, read_thumb_sizes
from policies.explain_plan import kept_objects, steps_of, thumb_lines
from policies.explain_requests import requests_of
from policies.explanation import (
    Explanation,
    ImageLine,
    PlaceLine,
    PolicyLine,
    QuotaLine,
    RefusalLine,
    StrategyLine,
)
from policies.facts import Channel, Facts, Rules
from policies.origin_strategy import Note, Searched, Verdict, default_row, search_rows
from policies.outcome import Refused
from policies.place import locate
from policies.plan import Place, image_location, plan_ingest
from policies.quota import check_quota
from policies.redact import redact
from policies.thumbs import list_thumbs, sizes_json

EXAMPLE = Size(6000, 4000)
"""What thumbnails are predicted for while nobody knows the image."""
BUILT_IN = "built in: our own origin bucket"
DEFAULT = "built in: default"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the answer depends on beside facts and rules."""

    image: Size | None = None  # None: not known yet
    thumbs_by_processor: bool = False


def explain(facts: Facts, rules: Rules, asked: Asked | None = None) -> Explanation:
    """Everything that would be decided for an asset."""
    asked = asked or Asked()
    asset = facts.asset
    searched = search_rows(asset.origin, facts.strategies, rules)
    place = locate(asset.origin, asset.id, searched.winner or default_row(asset.id), rules)
    made = Explanation(
        asset=str(asset.id),
        origin=redact(asset.origin),
        media_type=asset.media_type,
        strategies=_strategies(searched, asset.origin),
        place=None if isinstance(place, Refused) else _place(place, searched),
        policies=tuple(map(_policy, facts.channels)),
        quota=_quota(facts, rules),
    )
    plan = plan_ingest(facts, place, rules)
    if isinstance(plan, Refused):
        return replace(made, refusal=_refusal(plan))
    image = asked.image or EXAMPLE
    thumbs = list_thumbs(plan, image, rules)
    if isinstance(thumbs, Refused):
        return replace(made, refusal=_refusal(thumbs))
    return replace(
        made,
        row=plan.row,
        steps=steps_of(plan),
        stored=kept_objects(plan, rules),
        location=image_location(plan, rules),
        image=ImageLine(str(image), known=asked.image is not None) if plan.image_work else None,
        thumbnails=thumb_lines(thumbs),
        sizes_json=sizes_json(thumbs.thumbs) if plan.image_work else None,
        requests=requests_of(plan, thumbs, rules, by_processor=asked.thumbs_by_processor),
    )


def _refusal(refused: Refused) -> RefusalLine:
    return RefusalLine(refused.reason.code, refused.reason.message, refused.reason.kind.remedy)


def _strategies(searched: Searched, origin: str) -> tuple[StrategyLine, ...]:
    """Every strategy that was asked; the default one, if it holds, comes last."""
    lines = [
        StrategyLine(
            note.row.id or BUILT_IN, note.row.strategy, note.row.regex, str(note.verdict), _detail(note, origin)
        )
        for note in searched.notes
    ]
    if searched.winner is None:
        lines.append(StrategyLine(DEFAULT, "default", "", str(Verdict.MATCHED), "no other did"))
    return tuple(lines)


def _detail(note: Note, origin: str) -> str:
    """What a row found, or why it could not look; a piece of an address with a secret may be just that."""
    secret = note.verdict is Verdict.MATCHED and redact(origin) != origin
    return "something in an address with a secret" if secret else note.detail


def _place(place: Place, searched: Searched) -> PlaceLine:
    by = place.strategy_id or (DEFAULT if searched.winner is None else BUILT_IN)
    return PlaceLine(place.kind, by, redact(place.uri), _kind_of(place.credentials), place.optimised)


def _kind_of(credentials: str) -> str:
    """What credentials are, without showing them."""
    if not credentials:
        return "none"
    if credentials.startswith("enc:"):
        return "encrypted"
    return "in the security bucket" if credentials.startswith("s3://") else "inline"


def _policy(channel: Channel) -> PolicyLine:
    policy = channel.policy
    owner = f"customer {policy.customer}" + (" (system)" if policy.system else "")
    return PolicyLine(channel.name, policy.name, policy.id, owner, policy.data, _meaning(channel))


def _meaning(channel: Channel) -> str:
    """What the policy of a channel asks for, or what is wrong with it."""
    if channel.name == THUMBS:
        sizes = read_thumb_sizes(channel.policy)
        return sizes.reason.message if isinstance(sizes, Refused) else " ".join(size.text for size in sizes)
    if channel.name != IMAGE:
        return "nothing is made of it"
    recipe = read_recipe(channel.policy)
    if isinstance(recipe, Refused):
        return recipe.reason.message
    if recipe is None:
        return f"{USE_ORIGINAL}: the original is served as it is"
    return ", ".join(f"{name} {value}" for name, value in recipe.to_json().items() if value is not None)


def _quota(facts: Facts, rules: Rules) -> QuotaLine:
    storage = facts.storage
    exempt = facts.asset.id.customer in rules.quota_exempt
    refused = check_quota(facts, rules)
    verdict = refused.reason.message if refused else "exempt" if exempt else "there is room"
    return QuotaLine(storage.policy, storage.maximum, storage.customer_total, storage.asset_bytes, exempt, verdict)
