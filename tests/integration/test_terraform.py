"""The infrastructure as Terraform has it: in good form, valid, and its permanent layer made for real in the emulator.

Everything happens on a copy: `terraform init` writes beside the configuration that it reads.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from local.aws import Aws
from local.emulator import KEY_ID, REGION, SECRET

ROOT = Path(__file__).parents[2] / "infra" / "terraform"
EXAMPLE = Path("environments") / "example"
PROVIDER = Path("registry.terraform.io") / "hashicorp" / "aws"
PATIENCE = 180
APPLY = "TERRAFORM_APPLY"

pytestmark = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")


def mirrors() -> Iterator[Path]:
    """Folders where providers may lie: those that somebody named, then those where Terraform looks by itself."""
    for variable in ("TF_PLUGIN_DIR", "TF_PLUGIN_CACHE_DIR"):
        if name := os.environ.get(variable):
            yield Path(name)
    configuration = Path(os.environ.get("TF_CLI_CONFIG_FILE") or Path.home() / ".terraformrc")
    if os.access(configuration, os.R_OK):
        for _, name in re.findall(r'\b(path|plugin_cache_dir)\s*=\s*"([^"]+)"', configuration.read_text()):
            yield Path(name).expanduser()
    yield Path.home() / ".terraform.d" / "plugins"
    yield Path("/usr/local/share/terraform/plugins")
    yield Path("/usr/share/terraform/plugins")


@pytest.fixture(scope="module")
def plugins() -> Path:
    """The folder that has the AWS provider: 700 MB, which no test downloads."""
    for folder in mirrors():
        if (folder / PROVIDER).is_dir():
            return folder
    pytest.skip("no AWS provider for Terraform here: set TF_PLUGIN_DIR to a folder of `terraform providers mirror`")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The configuration, copied, without what somebody's own `terraform init` left."""
    leftovers = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "*.tfstate*", "*.tfvars", "*.tfvars.json")
    return Path(shutil.copytree(ROOT, tmp_path / "terraform", ignore=leftovers))


def terraform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs Terraform there, undisturbed by anybody's settings and credentials."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }
    return subprocess.run(
        ["terraform", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def succeed(folder: Path, *arguments: str) -> str:
    """Runs it and returns what it printed; fails with what it complained of."""
    done = terraform(folder, *arguments)
    assert done.returncode == 0, f"terraform {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def init(folder: Path, plugins: Path) -> None:
    succeed(folder, "init", "-backend=false", "-input=false", "-no-color", f"-plugin-dir={plugins}")


def test_every_file_is_formatted(copied: Path) -> None:
    assert succeed(copied, "fmt", "-check", "-recursive", "-no-color") == ""


@pytest.mark.parametrize("layer", ["permanent", "services"])
def test_each_layer_is_valid(copied: Path, plugins: Path, layer: str) -> None:
    init(copied / EXAMPLE / layer, plugins)
    said = json.loads(succeed(copied / EXAMPLE / layer, "validate", "-json"))
    assert said["diagnostics"] == []


@pytest.mark.parametrize("folder", ["modules/engine", "modules/image_server", "environments/example/services"])
def test_terraforms_own_tests_pass(copied: Path, plugins: Path, folder: str) -> None:
    init(copied / folder, plugins)
    assert " 0 failed" in succeed(copied / folder, "test", "-no-color")


def test_the_services_ask_for_what_the_permanent_layer_hands_over() -> None:
    handed_over = names("output", ROOT / EXAMPLE / "permanent" / "outputs.tf")
    assert handed_over
    assert handed_over <= names("variable", ROOT / EXAMPLE / "services" / "variables.tf")


def names(kind: str, file: Path) -> set[str]:
    """What a file of Terraform's declares of one kind."""
    return set(re.findall(rf'^{kind} "(\w+)"', file.read_text(), re.MULTILINE))


@pytest.fixture
def emulated(copied: Path, plugins: Path, aws: Aws) -> Path:
    """The permanent layer, told to talk to the emulator."""
    folder = copied / EXAMPLE / "permanent"
    services = "\n".join(
        f'    {name} = "{aws.endpoint}"' for name in ("s3", "sqs", "sns", "sts", "cloudwatch", "secretsmanager")
    )
    (folder / "emulator_override.tf").write_text(f"""
provider "aws" {{
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  s3_use_path_style           = true
  endpoints {{
{services}
  }}
}}
""")
    init(folder, plugins)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.skipif(
    APPLY not in os.environ, reason=f"a minute of the provider's own waiting: make terraform, or {APPLY}=1"
)
def test_the_permanent_layer_is_made_as_described(emulated: Path, aws: Aws) -> None:
    mark = uuid4().hex[:8]
    chosen = {"region": REGION, "name": f"museum-{mark}", "bucket_prefix": f"museum-{mark}"}
    (emulated / "test.auto.tfvars.json").write_text(json.dumps(chosen))
    succeed(emulated, "apply", "-auto-approve", "-input=false", "-no-color", "-parallelism=20")
    outputs = {name: said["value"] for name, said in json.loads(succeed(emulated, "output", "-json")).items()}

    for role, arn in outputs["queues"].items():
        url = aws.sqs.get_queue_url(QueueName=arn.rsplit(":", 1)[-1])["QueueUrl"]
        attributes = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        redrive = json.loads(attributes["RedrivePolicy"])
        assert redrive["deadLetterTargetArn"] == f"{arn}-dead", role
        assert int(redrive["maxReceiveCount"]) == 5
        assert attributes["VisibilityTimeout"] == "180"
    assert sorted(outputs["dead_letter_queue_arns"]) == sorted(f"{arn}-dead" for arn in outputs["queues"].values())

    assert expires(aws, outputs["buckets"]["storage"]) == {"transient/": 1}
    assert expires(aws, outputs["buckets"]["thumbs"]) == {"transient/": 1}
    assert expires(aws, outputs["buckets"]["origin"]) == {}
    for bucket in outputs["buckets"].values():
        assert 1 in incomplete_uploads_end_after(aws, bucket)
        assert all(aws.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    assert versions_are_kept(aws, outputs["buckets"]) == {"origin", "security"}
    assert outputs["batch_topic_arn"] in [topic["TopicArn"] for topic in aws.sns.list_topics()["Topics"]]


def rules(aws: Aws, bucket: str) -> list[dict[str, Any]]:
    return [dict(rule) for rule in aws.s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]]


def expires(aws: Aws, bucket: str) -> dict[str, int]:
    """Days after which objects go, by prefix."""
    return {rule["Filter"]["Prefix"]: rule["Expiration"]["Days"] for rule in rules(aws, bucket) if "Expiration" in rule}


def incomplete_uploads_end_after(aws: Aws, bucket: str) -> list[int]:
    found = (rule.get("AbortIncompleteMultipartUpload") for rule in rules(aws, bucket))
    return [each["DaysAfterInitiation"] for each in found if each]


def versions_are_kept(aws: Aws, buckets: dict[str, str]) -> set[str]:
    return {
        role for role, name in buckets.items() if aws.s3.get_bucket_versioning(Bucket=name).get("Status") == "Enabled"
    }
