"""What infra/ says, held against what the programs read: a misspelt name would only be noticed in production."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # no types come with it, and one call needs none

from engine.settings import EVERYTHING
from engine.settings_table import BY_NAME
from processor import settings as processor_settings

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
CANTALOUPE = INFRA / "cantaloupe"
COMPOSE: dict[str, Any] = yaml.safe_load((INFRA / "compose.yaml").read_text())
PROCESSORS = set(re.findall(r'"(PROCESSOR_[A-Z0-9_]+)"', Path(processor_settings.__file__).read_text()))

# Of Cantaloupe 5.0.6's sample configuration, those that may matter to a server of ours; it ignores others in silence.
CANTALOUPE_KEYS = set((Path(__file__).parents[1] / "data" / "cantaloupe_keys.txt").read_text().split())


def properties() -> dict[str, str]:
    lines = [line.strip() for line in (CANTALOUPE / "cantaloupe.properties").read_text().splitlines()]
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    assert len({key.strip() for key, _, _ in pairs}) == len(pairs), "a key is there twice"
    return {key.strip(): value.strip() for key, _, value in pairs}


def as_environment(key: str) -> str:
    """How Cantaloupe looks a key up in the environment."""
    return re.sub(r"[^A-Za-z0-9]", "_", key).upper()


def terraform(module: str) -> str:
    return "\n".join(file.read_text() for file in sorted((INFRA / "terraform" / "modules" / module).glob("*.tf")))


@pytest.mark.parametrize("file", ["compose.yaml", "docker/Dockerfile", "terraform/modules/engine/main.tf"])
def test_every_setting_named_is_one_that_is_read(file: str) -> None:
    assigned = re.findall(
        r"^[^#\n]*?\b((?:ENGINE|PROCESSOR)_[A-Z0-9_]+)\s*[:=]", (INFRA / file).read_text(), re.MULTILINE
    )
    assigned += re.findall(r"\b((?:ENGINE|PROCESSOR)_[A-Z0-9_]+)=", (INFRA / file).read_text())
    assert assigned
    assert set(assigned) <= BY_NAME.keys() | PROCESSORS


def test_compose_gives_the_engine_all_that_it_requires() -> None:
    image = re.findall(r"\b(ENGINE_[A-Z_]+)=", (INFRA / "docker" / "Dockerfile").read_text())
    assert set(EVERYTHING) <= COMPOSE["services"]["engine"]["environment"].keys() | set(image)


def test_terraform_gives_the_engine_all_that_it_requires() -> None:
    assert {
        name for name in EVERYTHING if not re.search(rf"^\s*{name}\s*=", terraform("engine"), re.MULTILINE)
    } == set()


def test_compose_waits_only_for_services_and_mounts_only_volumes_that_it_has() -> None:
    services = COMPOSE["services"]
    for name, service in services.items():
        assert service.get("depends_on", {}).keys() <= services.keys(), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (INFRA / source).exists(), name
        if build := service.get("build"):
            context = INFRA / build["context"]
            assert (context / build["dockerfile"]).is_file(), name


def test_what_compose_builds_are_stages_of_the_dockerfile() -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", (INFRA / "docker" / "Dockerfile").read_text(), re.MULTILINE))
    targets = {service["build"].get("target") for service in COMPOSE["services"].values() if "build" in service}
    assert targets - {None} <= stages


def test_every_key_of_the_image_servers_configuration_is_one_that_it_knows() -> None:
    assert set(properties()) <= CANTALOUPE_KEYS


def test_the_image_server_forgets_sources_soon_and_sweeps_them() -> None:
    given = properties()
    assert given["cache.server.worker.enabled"] == "true"
    assert int(given["cache.server.worker.interval"]) <= int(given["cache.server.source.ttl_seconds"]) <= 3600
    assert 4 <= int(given["http.min_threads"]) <= int(given["http.max_threads"]) <= 32


def test_the_image_servers_environment_overrides_keys_that_it_knows() -> None:
    known = {as_environment(key) for key in CANTALOUPE_KEYS}
    in_compose = COMPOSE["services"]["cantaloupe"]["environment"].keys()
    in_terraform = set(re.findall(r"^\s*((?:HTTP|S3SOURCE)_[A-Z_]+)\s*=", terraform("image_server"), re.MULTILINE))
    assert in_terraform
    assert {name for name in in_compose | in_terraform if not name.startswith("AWS_")} <= known


def test_the_delegate_answers_what_a_lookup_by_script_asks() -> None:
    assert properties()["S3Source.lookup_strategy"] == "ScriptLookupStrategy"
    script = (CANTALOUPE / "delegates.rb").read_text()
    assert re.search(r"^class CustomDelegate$", script, re.MULTILINE)
    for method in ("s3source_object_info", "pre_authorize", "authorize", "extra_iiif3_information_response_keys"):
        assert re.search(rf"^  def {method}\b", script, re.MULTILINE), method


@pytest.mark.parametrize(
    ("image", "rooms"),
    [("engine", ("images", "policies", "origins", "engine", "migrations")), ("processor", ("images", "processor"))],
)
def test_an_image_installs_all_that_its_rooms_import(image: str, rooms: tuple[str, ...]) -> None:
    lock = (ROOT / "requirements" / f"{image}.lock").read_text()
    installed = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
    brings = packages_distributions()
    ours = {"images", "policies", "origins", "engine", "migrations", "processor", "local"}
    missing = {
        f"{file.relative_to(ROOT)}: {package}"
        for room in rooms
        for file in sorted((ROOT / room).rglob("*.py"))
        for package in imported(ast.parse(file.read_text()))
        if package not in ours | sys.stdlib_module_names
        and not {re.sub(r"[-_.]+", "-", name).lower() for name in brings.get(package, [])} & installed
    }
    assert missing == set()


def imported(tree: ast.AST) -> Iterator[str]:
    """Packages that a module imports when it runs, wherever in it; not those that only type checkers see."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]
        yield from imported(node)
