"""Bodies become orders, or everything that is wrong with them; paths are believed inside the shared folder only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.recipe import NAMED, parse_recipe
from processor.order import Operation, Order
from processor.request import InvalidRequest, read_request


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    (folder / "job" / "thumbs").mkdir(parents=True)
    (folder / "job" / "a.tif").write_bytes(b"II*\0")
    (tmp_path / "secret.tif").write_bytes(b"II*\0")
    return folder


def body(scratch: Path, **fields: Any) -> bytes:
    job = scratch / "job"
    whole = {
        "jobId": "1",
        "imageId": "page",
        "origin": "https://example.org/a.tif",
        "source": str(job / "a.tif"),
        "destination": str(job / "out.jp2"),
        "thumbDir": f"{job}/thumbs/",
        "operation": "ingest",
        "optimisation": "kdu_med",
        "thumbIIIFSizes": ["!400,400", "100,"],
    }
    return json.dumps({**whole, **fields}).encode()


def order_of(scratch: Path, **fields: Any) -> Order:
    return read_request(body(scratch, **fields), scratch).order


def wrong(scratch: Path, **fields: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        read_request(body(scratch, **fields), scratch)
    return {">".join(str(part) for part in entry["loc"][1:]): entry["msg"] for entry in caught.value.detail}


def test_a_request_of_an_existing_engine_is_read(scratch: Path) -> None:
    order = order_of(scratch)
    assert order.operation is Operation.INGEST
    assert order.recipe == NAMED["kdu_med"]
    assert [size.text for size in order.sizes] == ["!400,400", "100,"]
    assert order.destination == scratch / "job" / "out.jp2"
    assert order.thumb_folder == scratch / "job" / "thumbs"


def test_a_recipe_goes_before_an_optimisation(scratch: Path) -> None:
    assert order_of(scratch, recipe={"reversible": True}).recipe == parse_recipe({"reversible": True})
    assert order_of(scratch, recipe="fastest").recipe == NAMED["fastest"]
    assert order_of(scratch, optimisation=None).recipe == NAMED["kdu_max"]


def test_only_what_an_operation_needs_is_asked(scratch: Path) -> None:
    assert order_of(scratch, operation="derivatives-only", destination=None).destination is None
    assert order_of(scratch, operation="image-only", thumbDir=None).thumb_folder is None
    assert order_of(scratch, thumbIIIFSizes=None, thumbDir="").sizes == ()


def test_everything_wrong_is_said_at_once(scratch: Path) -> None:
    found = wrong(
        scratch,
        operation="explode",
        source=7,
        destination=str(scratch / "nowhere" / "a.jp2"),
        thumbDir=str(scratch / "nowhere"),
        thumbIIIFSizes=["!400,400", "huge", 5],
        recipe={"levels": 99, "codec": "j2k"},
    )
    assert set(found) == {
        "operation",
        "source",
        "destination",
        "thumbDir",
        "thumbIIIFSizes>1",
        "thumbIIIFSizes>2",
        "recipe>levels",
    }
    assert "derivatives-only" in found["operation"]


@pytest.mark.parametrize("field", ["source", "destination", "thumbDir"])
def test_paths_outside_the_shared_folder_are_refused(field: str, scratch: Path) -> None:
    (scratch / "job" / "link.tif").symlink_to(scratch.parent / "secret.tif")
    (scratch / "job" / "up").symlink_to(scratch.parent)
    for path in (
        "/etc/passwd",
        "../secret.tif",
        f"{scratch}/job/../../secret.tif",
        f"{scratch}/job/link.tif",
        f"{scratch}/job/up/secret.tif",
        f"{scratch}-other/a.tif",
        str(scratch),
    ):
        assert "outside the shared folder" in wrong(scratch, **{field: path})[field]


def test_links_inside_the_shared_folder_are_followed(scratch: Path) -> None:
    (scratch / "job" / "again.tif").symlink_to(scratch / "job" / "a.tif")
    assert order_of(scratch, source=str(scratch / "job" / "again.tif")).source == scratch / "job" / "a.tif"


@pytest.mark.parametrize("path", ["", "a\0b", "x" * 5000, None, 3, ["a"]])
def test_no_path_is_no_path(path: object, scratch: Path) -> None:
    assert "source" in wrong(scratch, source=path)


def test_a_pipe_is_no_source(scratch: Path) -> None:
    import os  # noqa: PLC0415 - beside its only use

    os.mkfifo(scratch / "job" / "pipe")
    assert "no such file" in wrong(scratch, source=str(scratch / "job" / "pipe"))["source"]


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b"{", b"[" * 100_000, b"\xff\xfe"])
def test_what_is_no_object_is_refused(text: bytes, scratch: Path) -> None:
    with pytest.raises(InvalidRequest):
        read_request(text, scratch)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(
    ["source", "destination", "thumbDir", "operation", "optimisation", "thumbIIIFSizes", "recipe", "jobId"]
)


@given(st.dictionaries(names, values, max_size=8))
def test_any_object_is_answered(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        read_request(json.dumps(fields).encode(), Path("/nowhere-at-all"))
