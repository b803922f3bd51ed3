"""Makes the buckets and queues that infra/compose.yaml names, unless they are there."""

import json

import boto3

s3, sqs = boto3.client("s3"), boto3.client("sqs")
there = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
for bucket in ("storage", "thumbs", "origin", "security"):
    if bucket not in there:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
staged = {"ID": "transient", "Status": "Enabled", "Filter": {"Prefix": "transient/"}, "Expiration": {"Days": 1}}
for bucket in ("storage", "thumbs"):
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [staged]})
for queue in ("images", "images-priority", "files"):
    dead = sqs.create_queue(QueueName=f"{queue}-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "180"})
