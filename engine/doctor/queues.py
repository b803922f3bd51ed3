"""The queues: is each there, does it keep messages long enough, and where do its dead letters go?"""

from __future__ import annotations

from collections.abc import Sequence

from types_aiobotocore_sns import SNSClient
from types_aiobotocore_sqs import SQSClient

from engine.doctor.finding import Exam, Finding, fine, warning
from engine.inbound.redrive import read_redrive

FEW_RECEIVES = 3


def queue_exam(sqs: SQSClient, queue: str, variable: str, *, heart: float) -> Exam:
    """The examination of one queue, named by its name or URL."""
    label = f"queue {queue.rsplit('/', 1)[-1]}"

    async def run() -> Sequence[Finding]:
        url = queue if "://" in queue else (await sqs.get_queue_url(QueueName=queue))["QueueUrl"]
        attributes = (await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]))["Attributes"]
        visible = int(attributes.get("ApproximateNumberOfMessages", 0))
        flying = int(attributes.get("ApproximateNumberOfMessagesNotVisible", 0))
        found = [fine(label, f"about {visible} waiting, {flying} being worked on")]
        visibility = float(attributes.get("VisibilityTimeout", 0))
        if visibility < heart:
            found.append(
                warning(
                    label,
                    f"its visibility time-out ({visibility:g} s) is shorter than a heartbeat ({heart:g} s)",
                    "Raise it to ENGINE_VISIBILITY_SECONDS, or lower ENGINE_HEART_SECONDS.",
                )
            )
        return found + await _dead_letters(sqs, url, label, attributes.get("RedrivePolicy"))

    return Exam(label, run, f"Check {variable}, the region and endpoint, and the engine's permissions on the queue.")


async def _dead_letters(sqs: SQSClient, url: str, label: str, policy: str | None) -> list[Finding]:
    redrive = read_redrive(policy)
    if redrive is None:
        remedy = "Give the queue a redrive policy: without one an unreadable message comes back for ever."
        return [warning(label, "it has no dead-letter queue", remedy)]
    found = []
    if redrive.max_receives < FEW_RECEIVES:
        says = f"its messages are dead after {redrive.max_receives} receives"
        found.append(warning(label, says, "Raise maxReceiveCount to 5: restarts of engines count as receives."))
    name = f"dead letters of {url.rsplit('/', 1)[-1]}"
    dead = url.rsplit("/", 1)[0] + "/" + redrive.dead_letter_queue
    attributes = await sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessages"])
    count = int(attributes["Attributes"].get("ApproximateNumberOfMessages", 0))
    if count:
        found.append(warning(name, f"{count} messages lie there", "Look at them: `sluice queue peek`."))
    return found


def topic_exam(sns: SNSClient, arn: str) -> Exam:
    """The examination of the topic for finished batches; nothing is published."""

    async def run() -> Sequence[Finding]:
        await sns.get_topic_attributes(TopicArn=arn)
        return [fine("topic", "there")]

    return Exam("topic", run, "Check ENGINE_BATCH_TOPIC, and that the engine may publish to it.")
