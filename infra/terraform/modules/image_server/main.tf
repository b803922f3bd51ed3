# Cantaloupe, a service of its own, scaled apart from the engines. It reads from S3, keeps sources on its own ephemeral disk
# for a quarter of an hour, and writes nothing anywhere.
#
# Engines find its tasks by DNS (Cloud Map), look the name up every few seconds and spread their requests themselves; so there
# is no load balancer and no proxy between, whose time-outs and retries would mislead the engines' limiter.

data "aws_region" "current" {}
data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}

locals {
  region    = data.aws_region.current.name
  partition = data.aws_partition.current.partition
  port      = 8182
  heap      = coalesce(var.heap_mib, floor(var.memory / 2)) # the rest: the JVM itself, and the JPEG 2000 decoders beside it
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/image-server"
  retention_in_days = var.log_retention_days
}

resource "aws_security_group" "this" {
  name        = "${var.name}-image-server"
  description = "Image server of ${var.name}"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = var.client_security_group_ids

  security_group_id            = aws_security_group.this.id
  referenced_security_group_id = each.value
  description                  = "IIIF: ${each.key}"
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_egress_rule" "aws" {
  security_group_id = aws_security_group.this.id
  description       = "S3, the container registry, logs"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

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
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_iam_role" "execution" {
  name               = "${var.name}-image-server-execution"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

resource "aws_iam_role" "task" {
  name               = "${var.name}-image-server"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

data "aws_iam_policy_document" "task" {
  statement {
    sid       = "ReadImages"
    actions   = ["s3:GetObject"]
    resources = [for arn in var.readable_bucket_arns : "${arn}/*"]
  }

  dynamic "statement" {
    for_each = length(var.kms_key_arns) > 0 ? [1] : []

    content {
      sid       = "UseKeys"
      actions   = ["kms:Decrypt"]
      resources = var.kms_key_arns
    }
  }
}

resource "aws_iam_role_policy" "task" {
  name   = "read-images"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.task.json
}

resource "aws_ecs_task_definition" "this" {
  family                   = "${var.name}-image-server"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  ephemeral_storage {
    size_in_gib = var.cache_gib
  }

  volume {
    name = "cache"
  }

  container_definitions = jsonencode([{
    name         = "image-server"
    image        = var.image
    essential    = true
    stopTimeout  = 60
    mountPoints  = [{ sourceVolume = "cache", containerPath = "/cache", readOnly = false }]
    portMappings = [{ name = "iiif", containerPort = local.port, protocol = "tcp" }]
    # Cantaloupe takes every key of its configuration from the environment first: upper case, other characters as underscores.
    environment = [for name, value in merge(
      {
        CANTALOUPE_HEAP  = "${local.heap}m"
        HTTP_MAX_THREADS = tostring(var.threads)
        S3SOURCE_REGION  = local.region
      },
      var.settings,
    ) : { name = name, value = value }]
    healthCheck = {
      command     = ["CMD", "curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:${local.port}/health"]
      interval    = 15
      timeout     = 10
      retries     = 4
      startPeriod = 90
    }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = local.region
        awslogs-stream-prefix = "image-server"
      }
    }
  }])

  lifecycle {
    precondition {
      condition     = local.heap >= var.threads * 150 && local.heap <= var.memory - 1024
      error_message = "${var.threads} threads want a heap of ${var.threads * 150} MiB, and the task's memory must leave 1024 MiB beside it; the heap would be ${local.heap} MiB of ${var.memory}."
    }
  }
}

resource "aws_service_discovery_service" "this" {
  name = "image-server"

  dns_config {
    namespace_id   = var.namespace.id
    routing_policy = "MULTIVALUE"

    dns_records {
      type = "A"
      ttl  = 5
    }
  }

  # Named only when its health check passes, as ECS tells: not while it starts.
  health_check_custom_config {
    failure_threshold = 1
  }
}

resource "aws_ecs_service" "this" {
  name                    = "${var.name}-image-server"
  cluster                 = var.cluster_name
  task_definition         = aws_ecs_task_definition.this.arn
  desired_count           = var.tasks.min
  propagate_tags          = "SERVICE"
  enable_ecs_managed_tags = true

  capacity_provider_strategy {
    capacity_provider = var.spot ? "FARGATE_SPOT" : "FARGATE"
    weight            = 1
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.this.id]
    assign_public_ip = var.assign_public_ip
  }

  service_registries {
    registry_arn = aws_service_discovery_service.this.arn
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  lifecycle {
    ignore_changes = [desired_count] # the autoscaler's
  }
}
