"""The rule that removes what engines that died left under `transient/`: without it a bucket only grows."""

from __future__ import annotations

from collections.abc import Sequence

from botocore.exceptions import ClientError
from types_aiobotocore_s3 import S3Client
from types_aiobotocore_s3.type_defs import LifecycleRuleOutputTypeDef

from engine.doctor.finding import Exam, Finding, fine, in_words, warning

TRANSIENT = "transient/"
NO_RULES = "NoSuchLifecycleConfiguration"
REMEDY = "Give the bucket a lifecycle rule that expires transient/ after a day; infra/terraform/modules/buckets has it."


def lifecycle_exam(s3: S3Client, bucket: str) -> Exam:
    """Whether what is left under `transient/` of one bucket expires, and nothing else with it."""
    label = f"bucket {bucket}, {TRANSIENT}"

    async def run() -> Sequence[Finding]:
        try:
            rules = (await s3.get_bucket_lifecycle_configuration(Bucket=bucket))["Rules"]
        except ClientError as error:
            if error.response["Error"].get("Code") != NO_RULES:
                return [warning(label, in_words(error), f"Allow s3:GetLifecycleConfiguration on {bucket}.")]
            rules = []
        return [_judged(label, {prefix for rule in rules if (prefix := expired_prefix(rule)) is not None})]

    return Exam(label, run, REMEDY)


def _judged(label: str, prefixes: set[str]) -> Finding:
    if "" in prefixes:
        says = "a lifecycle rule expires everything in this bucket, images and thumbnails too"
        return warning(label, says, f"Restrict the rule to the prefix {TRANSIENT}.")
    if not any(TRANSIENT.startswith(prefix) for prefix in prefixes):
        return warning(label, "no lifecycle rule expires it: what dying engines leave there stays for ever", REMEDY)
    return fine(label, "what is left there expires")


def expired_prefix(rule: LifecycleRuleOutputTypeDef) -> str | None:
    """The prefix under which a rule expires every object; None when it expires none, or only some by tag or size."""
    expiration = rule.get("Expiration", {})
    if rule["Status"] != "Enabled" or not {"Days", "Date"} & expiration.keys():
        return None
    given = rule.get("Filter", {})
    if given.keys() - {"Prefix"}:
        return None
    return given.get("Prefix", rule.get("Prefix", ""))
