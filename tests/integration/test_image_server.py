"""The image server as a process of its own, on objects in S3: what it gives, what it refuses, what it survives."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image

from local.aws import Aws
from local.ports import LOOPBACK, choose_port
from local.service import Service


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, whatever its status."""

    status: int
    headers: Message
    body: bytes

    @property
    def image(self) -> Image.Image:
        assert self.status == 200, self.body
        return Image.open(io.BytesIO(self.body))


@dataclass(frozen=True, slots=True)
class Server:
    """A running image server and a bucket that it reads."""

    url: str
    aws: Aws
    bucket: str

    def put(self, key: str, body: bytes) -> None:
        self.aws.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def put_image(self, key: str, image: Image.Image, format: str, **options: object) -> None:  # noqa: A002
        file = io.BytesIO()
        image.save(file, format, **options)
        self.put(key, file.getvalue())

    def identifier(self, key: str) -> str:
        return quote(f"s3://{self.bucket}/{key}", safe="")

    def get(self, key: str, what: str, **headers: str) -> Answer:
        return fetch(f"{self.url}/iiif/3/{self.identifier(key)}/{what}", headers)


def fetch(url: str, headers: dict[str, str] | None = None) -> Answer:
    asked = urllib.request.Request(url, headers=headers or {})
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


@pytest.fixture(scope="module")
def server(aws: Aws, parts_folder: Path) -> Iterator[Server]:
    port = choose_port("image server")
    environment = aws.environment | {
        "IMAGE_SERVER_HOST": LOOPBACK,
        "IMAGE_SERVER_PORT": str(port),
        "IMAGE_SERVER_CACHE": str(parts_folder / "image-server"),
        "IMAGE_SERVER_CACHE_BYTES": str(30_000_000),
        "IMAGE_SERVER_WORKERS": "2",
    }
    service = Service("image server", "image-server", port, "/health", environment)
    child = service.start(parts_folder / "image-server.log")
    child.wait_until(service.is_ready, patience=30)
    yield Server(service.url, aws, aws.make_bucket(f"images-{uuid4().hex[:12]}"))
    child.stop(10)
    assert child.process.returncode == 0


def photograph(width: int, height: int) -> Image.Image:
    """A picture whose every place is told by its colour: red grows to the right, green downwards."""
    across = np.linspace(0, 255, width, dtype=np.uint8)[None, :].repeat(height, 0)
    down = np.linspace(0, 255, height, dtype=np.uint8)[:, None].repeat(width, 1)
    return Image.fromarray(np.stack([across, down, np.full_like(across, 90)], -1))


@pytest.fixture(scope="module")
def page(server: Server) -> str:
    server.put_image("page", photograph(3000, 2000), "JPEG2000", irreversible=True, quality_layers=[20])
    return "page"


DRAW_SQUARES = """
import pylibmagic, sys
from iiif_validator.validator import ValidationInfo
from PIL import Image, ImageDraw
picture = Image.new("RGB", (1000, 1000))
draw = ImageDraw.Draw(picture)
for x, column in enumerate(ValidationInfo().colorInfo):
    for y, colour in enumerate(column):
        draw.rectangle((x * 100, y * 100, x * 100 + 99, y * 100 + 99), fill=colour)
"""


def run_python(*lines: str) -> subprocess.CompletedProcess[bytes]:
    """A program of its own: the validator prints, warns, and needs its libmagic loaded before anything else."""
    return subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, check=False, timeout=60)


def test_iiif_validator_finds_level_2_of_version_3_whole(server: Server) -> None:
    """Its picture: ten by ten squares of the colours that it knows."""
    made = run_python("import io", DRAW_SQUARES, "picture.save(sys.stdout.buffer, 'PNG')")
    server.put("validator-squares", made.stdout[made.stdout.index(b"\x89PNG") :])
    program = str(Path(sys.executable).parent / "iiif-validate.py")
    words = [program, "-s", server.url.removeprefix("http://"), "-p", "iiif/3", "--version=3.0", "--level=2"]
    words += ["-i", server.identifier("validator-squares")]
    done = run_python(
        "import pylibmagic, runpy, sys", f"sys.argv = {words}", "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    report = done.stderr.decode()
    assert "Done (33 tests, 0 failures)" in report, report


@pytest.mark.parametrize("format", ["JPEG2000", "JPEG", "TIFF", "PNG", "WEBP", "GIF", "BMP"])
def test_every_format_that_may_be_kept_as_it_came_is_read(server: Server, format: str) -> None:  # noqa: A002
    server.put_image(f"as-{format}", photograph(600, 400), format)
    image = server.get(f"as-{format}", "full/!300,300/0/default.jpg").image
    assert image.size == (300, 200)
    red, green, _ = image.convert("RGB").getpixel((299, 100))  # type: ignore[misc] # three bands
    assert red > 235
    assert 110 < green < 145


def test_htj2k_is_read(server: Server) -> None:
    import imagecodecs  # noqa: PLC0415 - heavy, and of one test only

    server.put("htj2k", bytes(imagecodecs.htj2k_encode(np.asarray(photograph(700, 500)))))
    assert server.get("htj2k", "full/350,/0/default.jpg").image.size == (350, 250)
    red, green, _ = server.get("htj2k", "600,400,100,100/10,/0/default.jpg").image.getpixel((9, 9))  # type: ignore[misc]
    assert red > 240
    assert green > 240


@pytest.mark.parametrize(
    ("region", "middle"),
    [
        ("full", (128, 128)),
        ("1500,1000,1500,1000", (191, 191)),
        ("0,0,512,512", (22, 33)),
        ("pct:90,90,10,10", (242, 242)),
    ],
)
@pytest.mark.parametrize("size", ["max", "300,", "50,"])
def test_a_region_shows_what_lies_there_at_every_size(
    server: Server, page: str, region: str, middle: tuple[int, int], size: str
) -> None:
    image = server.get(page, f"{region}/{size}/0/default.png").image
    red, green, _ = image.getpixel((image.width // 2, image.height // 2))  # type: ignore[misc] # three bands
    assert abs(red - middle[0]) <= 4
    assert abs(green - middle[1]) <= 4


def test_the_tiles_of_info_json_make_up_the_picture(server: Server, page: str) -> None:
    info = json.loads(server.get(page, "info.json").body)
    assert (info["width"], info["height"], info["profile"]) == (3000, 2000, "level2")
    tile, factor = info["tiles"][0]["width"], 2
    step, whole = tile * factor, Image.new("RGB", (1500, 1000))
    for left in range(0, 3000, step):
        for top in range(0, 2000, step):
            wide, high = min(step, 3000 - left), min(step, 2000 - top)
            size = f"{-(-wide // factor)},{-(-high // factor)}"
            piece = server.get(page, f"{left},{top},{wide},{high}/{size}/0/default.png").image
            whole.paste(piece, (left // factor, top // factor))
    expected = np.asarray(photograph(3000, 2000).resize((1500, 1000)), np.int16)
    assert np.abs(np.asarray(whole, np.int16) - expected).max() <= 6


def test_a_small_thumbnail_has_the_size_that_rounding_says(server: Server, page: str) -> None:
    assert server.get(page, "full/!100,100/0/default.jpg").image.size == (100, 67)


@pytest.mark.parametrize(
    ("rotation", "corner"),
    [("0", (0, 0)), ("90", (0, 255)), ("180", (255, 255)), ("270", (255, 0)), ("!0", (255, 0)), ("!90", (255, 255))],
)
def test_rotation_is_clockwise_and_after_mirroring(
    server: Server, page: str, rotation: str, corner: tuple[int, int]
) -> None:
    red, green, _ = server.get(page, f"full/30,20/{rotation}/default.png").image.getpixel((0, 0))  # type: ignore[misc]
    assert abs(red - corner[0]) < 12
    assert abs(green - corner[1]) < 12


def test_a_photograph_on_its_side_is_shown_upright(server: Server) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    server.put_image("side", photograph(400, 200), "JPEG", exif=exif.tobytes())
    info = json.loads(server.get("side", "info.json").body)
    assert (info["width"], info["height"]) == (200, 400)
    image = server.get("side", "full/100,/0/default.png").image
    assert image.size == (100, 200)
    red, green, _ = image.getpixel((99, 0))  # type: ignore[misc] # three bands
    assert red < 10
    assert green < 10


def test_an_object_that_changes_under_its_key_is_seen_anew(server: Server) -> None:
    server.put_image("changing", Image.new("RGB", (64, 64), (250, 0, 0)), "PNG")
    assert server.get("changing", "full/max/0/default.png").image.getpixel((5, 5)) == (250, 0, 0)
    server.put_image("changing", Image.new("RGB", (64, 64), (0, 0, 250)), "PNG")

    def is_blue() -> bool:
        return server.get("changing", "full/max/0/default.png").image.getpixel((5, 5)) == (0, 0, 250)

    assert eventually(is_blue)


def test_the_cache_of_sources_stays_within_its_bounds(server: Server) -> None:
    noise = np.random.default_rng(1)
    for number in range(6):
        server.put_image(f"large-{number}", Image.fromarray(noise.integers(0, 255, (1500, 2000, 3), np.uint8)), "PNG")
        assert server.get(f"large-{number}", "0,0,64,64/max/0/default.jpg").status == 200
    assert json.loads(fetch(f"{server.url}/health").body)["cached"] <= 30_000_000
    server.put("larger", b"\x89PNG" + bytes(31_000_000))
    answer = server.get("larger", "full/max/0/default.jpg")
    assert answer.status == 500
    assert b"disk" in answer.body


@pytest.mark.parametrize(
    ("key", "what", "status"),
    [
        ("absent", "full/max/0/default.jpg", 404),
        ("absent", "info.json", 404),
        ("page", "full/3001,/0/default.jpg", 400),
        ("page", "full/!4000,4000/0/default.jpg", 400),
        ("page", "full/^40000,/0/default.jpg", 400),
        ("page", "4000,0,10,10/max/0/default.jpg", 400),
        ("text", "full/max/0/default.jpg", 501),
        ("text", "info.json", 501),
        ("cut", "full/max/0/default.jpg", 501),
    ],
)
def test_every_refusal_says_why_and_may_be_read_by_any_page(
    server: Server, page: str, key: str, what: str, status: int
) -> None:
    server.put("text", b"once upon a time")
    file = io.BytesIO()
    photograph(800, 800).save(file, "JPEG")
    server.put("cut", file.getvalue()[:9000])
    answer = server.get(key, what)
    assert answer.status == status, answer.body
    assert len(answer.body) > 10
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_an_identifier_alone_leads_to_its_description(server: Server, page: str) -> None:
    answer = fetch(f"{server.url}/iiif/3/{server.identifier(page)}")
    assert json.loads(answer.body)["id"] == f"{server.url}/iiif/3/{server.identifier(page)}"


def test_a_browser_may_ask_from_any_page(server: Server, page: str) -> None:
    asked = urllib.request.Request(f"{server.url}/iiif/3/{server.identifier(page)}/info.json", method="OPTIONS")
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_picture_of_too_many_pixels_costs_one_answer_and_not_the_service(server: Server, page: str) -> None:
    server.put("bomb", bomb())
    assert server.get("bomb", "full/!100,100/0/default.jpg").status in {500, 501}
    assert server.get(page, "full/!100,100/0/default.jpg").status == 200


def bomb() -> bytes:
    """A PNG of 60,000 by 60,000 white pixels in a few kilobytes: 3.6 gigapixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compressobj(9)
    data = rows.compress(bytes(7501) * 2000) + rows.flush()
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def eventually(true: Callable[[], bool], patience: float = 10) -> bool:
    deadline = time.monotonic() + patience
    while not (answer := true()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return answer
