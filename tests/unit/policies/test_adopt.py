"""ADOPT: what a full message makes of its asset's row and channels."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.recipe import NAMED, parse_recipe
from policies.adopt import (
    AssetWrite,
    ChannelWrite,
    DefaultChannel,
    Known,
    NewPolicy,
    adopt,
    default_channels,
    matches,
)
from policies.facts import Asset, Channel, PolicyRow
from policies.outcome import Refused
from policies.request import IngestRequest, Named
from tests.unit.policies.make import ASSET, HTTP, make_channels, make_policy

SYSTEM = [
    make_policy("iiif-img", "default", id=1, system=True),
    make_policy("iiif-img", "use-original", id=2, system=True),
    make_policy("thumbs", "default", id=3, system=False),
    make_policy("file", "none", id=4, system=True),
    make_policy("none", "none", id=7, system=True),
]
MUSEUM = make_policy("thumbs", "museum", id=20, customer=99)
OWN_DEFAULT = make_policy("iiif-img", "default", id=21, customer=99)
ROW = Asset(ASSET, "https://old.org/", media_type="image/png", max_unauthorised=400, roles=("a", "b"))


def answer(
    row: Asset | None = None,
    held: tuple[Channel, ...] = (),
    policies: tuple[PolicyRow, ...] = (),
    defaults: tuple[DefaultChannel, ...] = (),
    batch: bool = True,
    **named: Any,
) -> AssetWrite | Refused:
    """What adopting a message with an origin and these properties says."""
    request = IngestRequest(ASSET, batch=5, named=Named(**{"origin": HTTP, **named}))
    return adopt(request, row, held, Known((*policies, *SYSTEM), defaults, batch=batch))


def write(*arguments: Any, **given: Any) -> AssetWrite:
    adopted = answer(*arguments, **given)
    assert isinstance(adopted, AssetWrite), adopted
    return adopted


def refusal(*arguments: Any, **given: Any) -> tuple[str, str]:
    refused = answer(*arguments, **given)
    assert isinstance(refused, Refused), refused
    return refused.reason.code, refused.reason.message


def policies_of(adopted: AssetWrite) -> dict[str, int | str]:
    """The channels with the ids of their policies, or the names of new ones."""
    return {
        channel.name: channel.policy.id if isinstance(channel.policy, PolicyRow) else channel.policy.name
        for channel in adopted.channels
    }


def test_a_new_row_starts_with_what_the_message_says_and_the_usual_rest() -> None:
    assert write(channels=("file",)) == AssetWrite(
        ASSET,
        new=True,
        origin=HTTP,
        media_type="image/unknown",
        max_unauthorised=-1,
        roles="",
        channels=(ChannelWrite("file", SYSTEM[3]),),
        family="I",
    )


def test_a_row_keeps_what_the_message_does_not_say() -> None:
    adopted = write(ROW, make_channels("file"))
    assert (adopted.new, adopted.origin) == (False, HTTP)
    assert (adopted.media_type, adopted.max_unauthorised, adopted.roles) == ("image/png", 400, "a,b")
    assert [channel.name for channel in adopted.channels] == ["file"]
    assert write(replace(ROW, max_unauthorised=None), make_channels("file")).max_unauthorised == -1


def test_what_the_message_says_replaces_what_the_row_had() -> None:
    adopted = write(
        ROW, make_channels("iiif-img"), channels=("file",), media_type="image/tiff", max_unauthorised=0, roles=()
    )
    assert (adopted.media_type, adopted.max_unauthorised, adopted.roles) == ("image/tiff", 0, "")
    assert policies_of(adopted) == {"file": 4}


def test_named_policies_are_the_customers_own_then_the_systems_then_built_in_recipes() -> None:
    channels = ("iiif-img", "thumbs")
    own = (MUSEUM, OWN_DEFAULT)
    assert policies_of(write(channels=channels, policies=own, image_policy="default", thumbnail_policy="museum")) == {
        "iiif-img": 21,
        "thumbs": 20,
    }
    assert policies_of(write(channels=("iiif-img",), image_policy="use-original")) == {"iiif-img": 2}
    assert policies_of(write(channels=("iiif-img",), image_policy="default")) == {"iiif-img": 1}


@pytest.mark.parametrize("name", sorted(set(NAMED) - {"default"}))
def test_a_built_in_recipe_becomes_a_row_of_the_customers_that_reads_back_as_itself(name: str) -> None:
    [channel] = write(channels=("iiif-img",), image_policy=name).channels
    assert channel.policy == NewPolicy(99, "iiif-img", name, json.dumps(NAMED[name].to_json()))
    assert isinstance(channel.policy, NewPolicy)
    assert parse_recipe(channel.policy.data) == NAMED[name]


@pytest.mark.parametrize(
    ("channels", "named"),
    [
        (("iiif-img",), {"image_policy": "nonsense"}),
        (("thumbs",), {"thumbnail_policy": "museum"}),
        (("thumbs",), {"thumbnail_policy": "default"}),
        (("thumbs",), {"thumbnail_policy": "fastest"}),
    ],
)
def test_a_policy_that_nobody_has_is_refused(channels: tuple[str, ...], named: Any) -> None:
    code, message = refusal(channels=channels, **named)
    assert code == "policy-unknown"
    assert f'customer 99 has no {channels[0]} policy "' in message


def test_other_customers_policies_are_nobodys_business() -> None:
    stranger = make_policy("thumbs", "museum", customer=98, system=True)
    assert refusal(channels=("thumbs",), policies=(stranger,), thumbnail_policy="museum")[0] == "policy-unknown"


def test_a_policy_named_for_a_channel_that_the_asset_does_not_get_does_not_matter() -> None:
    assert policies_of(write(channels=("file",), image_policy="nonsense", thumbnail_policy="x")) == {"file": 4}


def test_a_channel_without_a_named_policy_keeps_its_own_then_takes_the_default_then_the_usual_one() -> None:
    defaults = (DefaultChannel(0, "image/*", MUSEUM),)
    held = (Channel("thumbs", make_policy("thumbs", "held", id=30)),)
    assert policies_of(write(ROW, held, channels=("thumbs",), defaults=defaults)) == {"thumbs": 30}
    assert policies_of(write(ROW, channels=("thumbs",), defaults=defaults)) == {"thumbs": 20}
    assert policies_of(write(channels=("thumbs", "iiif-img", "none"))) == {"thumbs": 3, "iiif-img": 1, "none": 7}
    assert [channel.name for channel in write(channels=("thumbs", "file", "thumbs")).channels] == ["thumbs", "file"]
    assert policies_of(write(channels=("iiif-img",), policies=(OWN_DEFAULT,))) == {"iiif-img": 21}


def test_audio_and_video_get_any_policy_of_theirs_for_their_row_is_to_say_that_they_are_not_supported() -> None:
    systems, own, second, strangers = (
        make_policy("iiif-av", "any", id=number, customer=customer)
        for number, customer in ((5, 1), (31, 99), (32, 99), (4, 98))
    )
    assert policies_of(write(channels=("iiif-av",), policies=(strangers, systems, second, own))) == {"iiif-av": 31}
    assert policies_of(write(channels=("iiif-av",), policies=(strangers, systems))) == {"iiif-av": 5}
    code, message = refusal(channels=("iiif-av",), policies=(strangers,))
    assert (code, message) == ("channel-unsupported", "the channel iiif-av (audio and video) is not supported")


def test_without_named_channels_a_row_keeps_its_own_and_others_get_those_given_by_default() -> None:
    defaults = (
        DefaultChannel(0, "image/*", make_policy("iiif-img", "default", id=40)),
        DefaultChannel(0, "image/*", make_policy("thumbs", "all", id=41)),
        DefaultChannel(0, "image/tiff", make_policy("thumbs", "tiffs", id=42)),
        DefaultChannel(1, "*", make_policy("thumbs", "space", id=43)),
        DefaultChannel(2, "image/tiff", make_policy("thumbs", "elsewhere", id=44)),
        DefaultChannel(0, "video/*", make_policy("iiif-av", "video", id=45)),
    )
    assert policies_of(write(media_type="image/tiff", defaults=defaults)) == {"iiif-img": 40, "thumbs": 43}
    assert policies_of(write(media_type="image/tiff", defaults=defaults[:3])) == {"iiif-img": 40, "thumbs": 42}
    assert policies_of(write(defaults=defaults[:3])) == {"iiif-img": 40, "thumbs": 41}
    for unknown in ("unknown", "Image/Unknown"):
        assert policies_of(write(media_type=unknown, defaults=defaults[:3])) == {"iiif-img": 40, "thumbs": 41}
    assert policies_of(write(ROW, make_channels("file"), defaults=defaults)) == {"file": 1}
    assert policies_of(write(ROW, defaults=defaults[:3])) == {"iiif-img": 40, "thumbs": 41}


def test_of_equal_patterns_the_first_policy_holds_in_any_order() -> None:
    rows = [DefaultChannel(0, "image/*", make_policy("thumbs", "x", id=number)) for number in (3, 1, 2)]
    assert default_channels(rows, ASSET, "image/png")["thumbs"].id == 1
    assert default_channels(reversed(rows), ASSET, "image/png")["thumbs"].id == 1


def test_no_channel_at_all_is_refused() -> None:
    assert refusal(media_type="text/plain") == (
        "channels-missing",
        'no channel is named, and none is given by default for the media type "text/plain"',
    )


def test_a_channel_that_there_is_not_is_refused() -> None:
    code, message = refusal(channels=("file", "iiif-3d"))
    assert code == "channel-unknown"
    assert message == 'expected iiif-img, thumbs, file, none, iiif-av, not the channel "iiif-3d"'


def test_a_batch_must_exist() -> None:
    assert refusal(channels=("file",), batch=False) == ("batch-unknown", "there is no batch 5")


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ({"origin": "h" * 1001}, "`origin` to have 1000 characters at most, not 1001"),
        ({"media_type": "m" * 101}, "`mediaType` to have 100 characters at most, not 101"),
        ({"roles": ("r" * 500, "s" * 500)}, "`roles` to have 1000 characters at most, not 1001"),
    ],
)
def test_what_a_column_cannot_hold_is_refused(named: Any, words: str) -> None:
    code, message = refusal(channels=("file",), **named)
    assert code == "asset-field-too-long"
    assert words in message


def test_what_a_column_can_just_hold_is_taken() -> None:
    adopted = write(channels=("file",), origin="h" * 1000, media_type="m" * 100, roles=("r" * 499, "s" * 500))
    assert (len(adopted.origin), len(adopted.media_type), len(adopted.roles)) == (1000, 100, 1000)


@pytest.mark.parametrize(
    ("pattern", "media_type", "fits"),
    [
        ("image/*", "image/tiff", True),
        ("IMAGE/*", "Image/TIFF; x=y", True),
        ("image/*", "video/mp4", False),
        ("*", "", True),
        ("*/*", "image/png", True),
        ("*/*", "unknown", False),
        ("image/tiff", "image/tiff", True),
        ("image/tiff", "image/tiff2", False),
        ("image/*xml", "image/svg+xml", True),
        ("image/*xml", "image/svg", False),
        ("*a*b*", "xaxbx", True),
        ("*a*b*", "xbxax", False),
        ("*a*b*", "aba", True),
        ("*a*bc", "abc", True),
        ("ab*ba", "aba", False),
        ("a*a*a", "aa", False),
        ("", "", True),
        ("", "image/png", False),
        ("image/?", "image/p", False),
    ],
)
def test_patterns_of_media_types_match_whole_types_without_regard_to_case(
    pattern: str, media_type: str, fits: bool
) -> None:
    assert matches(pattern, media_type) is fits


@given(st.text("ab*", max_size=8), st.text("ab", max_size=12))
def test_patterns_match_as_every_star_tried_at_every_length_would(pattern: str, text: str) -> None:
    def slow(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "*":
            return any(slow(pattern[1:], text[cut:]) for cut in range(len(text) + 1))
        return text[:1] == pattern[0] and slow(pattern[1:], text[1:])

    assert matches(pattern, text) is slow(pattern, text)
