# Two roles. The execution role starts the task: images, logs, secrets. The task role is what the engine may do, on exactly
# these buckets, queues and topic.

data "aws_iam_policy_document" "tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role" "execution" {
  name               = "${var.name}-engine-execution"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

locals {
  # A reference may end in :json-key:stage:version; permission is given on the secret.
  secret_arns    = [for arn in values(var.secrets) : join(":", slice(split(":", arn), 0, 7)) if arn != null && strcontains(coalesce(arn, "-"), ":secretsmanager:")]
  parameter_arns = [for arn in values(var.secrets) : arn if arn != null && strcontains(coalesce(arn, "-"), ":ssm:")]
  bucket_arns    = { for role, name in var.buckets : role => "arn:${local.partition}:s3:::${name}" }
}

data "aws_iam_policy_document" "secrets" {
  dynamic "statement" {
    for_each = length(local.secret_arns) > 0 ? [1] : []

    content {
      sid       = "Secrets"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = local.secret_arns
    }
  }

  dynamic "statement" {
    for_each = length(local.parameter_arns) > 0 ? [1] : []

    content {
      sid       = "Parameters"
      actions   = ["ssm:GetParameters"]
      resources = local.parameter_arns
    }
  }

  dynamic "statement" {
    for_each = length(var.kms_key_arns) > 0 ? [1] : []

    content {
      sid       = "KeysOfSecrets"
      actions   = ["kms:Decrypt"]
      resources = var.kms_key_arns
    }
  }
}

resource "aws_iam_role_policy" "secrets" {
  name   = "secrets"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.secrets.json
}

resource "aws_iam_role" "task" {
  name               = "${var.name}-engine"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

data "aws_iam_policy_document" "task" {
  statement {
    sid       = "KeepImagesAndThumbnails"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:PutObjectTagging"]
    resources = ["${local.bucket_arns.storage}/*", "${local.bucket_arns.thumbs}/*"]
  }

  # Tags travel with copies inside S3.
  statement {
    sid = "ReadOrigins"
    actions = [
      "s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging", "s3:GetObjectVersionTagging",
    ]
    resources = concat(
      ["${local.bucket_arns.storage}/*", "${local.bucket_arns.origin}/*"],
      [for arn in var.readable_bucket_arns : "${arn}/*"],
    )
  }

  statement {
    sid       = "ReadCredentialsOfOrigins"
    actions   = ["s3:GetObject"]
    resources = ["${local.bucket_arns.security}/*"]
  }

  # For `sluice doctor`: does what dying engines leave under transient/ expire?
  statement {
    sid       = "SeeTheLifecycleOfTransientObjects"
    actions   = ["s3:GetLifecycleConfiguration"]
    resources = [local.bucket_arns.storage]
  }

  # Without it an object that is not there answers 403 instead of 404, and stale objects cannot be found.
  statement {
    sid       = "ListBuckets"
    actions   = ["s3:ListBucket", "s3:GetBucketLocation"]
    resources = concat(values(local.bucket_arns), var.readable_bucket_arns)
  }

  statement {
    sid = "WorkOnQueues"
    actions = [
      "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:SendMessage",
      "sqs:GetQueueAttributes", "sqs:GetQueueUrl",
    ]
    resources = local.queue_arns
  }

  dynamic "statement" {
    for_each = length(var.dead_letter_queue_arns) > 0 ? [1] : []

    content {
      sid       = "CountDeadLetters"
      actions   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
      resources = var.dead_letter_queue_arns
    }
  }

  dynamic "statement" {
    for_each = var.batch_topic_arn == null ? [] : [1]

    content {
      sid       = "AnnounceBatches"
      actions   = ["sns:Publish", "sns:GetTopicAttributes"]
      resources = [var.batch_topic_arn]
    }
  }

  dynamic "statement" {
    for_each = length(var.kms_key_arns) > 0 ? [1] : []

    content {
      sid       = "UseKeys"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = var.kms_key_arns
    }
  }

  # A task that works asks not to be the one that scaling in stops.
  statement {
    sid       = "ProtectItself"
    actions   = ["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"]
    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:task/${var.cluster_name}/*"]
  }

  # `aws ecs execute-command … sluice doctor`, `sluice queue peek`.
  dynamic "statement" {
    for_each = var.enable_execute_command ? [1] : []

    content {
      sid = "LetOperatorsIn"
      actions = [
        "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
      ]
      resources = ["*"] # the service knows no resources
    }
  }

  dynamic "statement" {
    for_each = var.enable_execute_command && length(var.dead_letter_queue_arns) > 0 ? [1] : []

    content {
      sid       = "LetOperatorsHandleDeadLetters"
      actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
      resources = var.dead_letter_queue_arns
    }
  }
}

resource "aws_iam_role_policy" "task" {
  name   = "engine"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.task.json
}
