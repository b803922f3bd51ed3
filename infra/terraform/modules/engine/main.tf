# The engine and its processor: one Fargate task, two containers, one scratch volume. What they may do is in iam.tf,
# how many there are in scaling.tf, what their logs say in metrics.tf.

data "aws_region" "current" {}
data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}

locals {
  region    = data.aws_region.current.name
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id

  engine_port    = 8080
  processor_port = 8081
  scratch        = "/scratch" # where both images declare their volume: only there its owner is the images' user

  workers           = coalesce(var.processor_workers, max(1, floor(var.cpu / 1024)))
  processor_memory  = var.memory - var.engine_memory
  memory_per_worker = floor(local.processor_memory * 3 / 4 / local.workers)

  queue_arns = compact([var.queues.images, var.queues.priority, var.queues.files])
  queue_urls = {
    for role, arn in var.queues : role => arn == null ? null : format(
      "https://sqs.%s.%s/%s/%s",
      split(":", arn)[3], data.aws_partition.current.dns_suffix, split(":", arn)[4], split(":", arn)[5]
    )
  }

  environment = merge(
    {
      AWS_REGION               = local.region
      ENGINE_IMAGE_QUEUE       = local.queue_urls.images
      ENGINE_PRIORITY_QUEUE    = local.queue_urls.priority
      ENGINE_FILE_QUEUE        = local.queue_urls.files
      ENGINE_BATCH_TOPIC       = var.batch_topic_arn
      ENGINE_STORAGE_BUCKET    = var.buckets.storage
      ENGINE_THUMBS_BUCKET     = var.buckets.thumbs
      ENGINE_ORIGIN_BUCKET     = var.buckets.origin
      ENGINE_SECURITY_BUCKET   = var.buckets.security
      ENGINE_PROCESSOR_URL     = "http://127.0.0.1:${local.processor_port}"
      ENGINE_SCRATCH           = local.scratch
      ENGINE_PROCESSOR_SCRATCH = local.scratch
      ENGINE_IMAGE_SERVER_URL  = join(",", var.image_server_urls)
      ENGINE_ORCHESTRATOR_URL  = var.orchestrator_url
      ENGINE_SLOTS             = tostring(var.slots)
      ENGINE_PRIORITY_SLOTS    = tostring(var.priority_slots)
      ENGINE_DRAIN_SECONDS     = "100" # the stop time-out below, less what stopping itself takes
      ENGINE_HTTP_HOST         = "0.0.0.0"
      ENGINE_HTTP_PORT         = tostring(local.engine_port)
      ENGINE_LOG_FORMAT        = "json"
    },
    var.settings,
  )

  secrets = {
    ENGINE_DATABASE_URL     = var.secrets.database_url
    ENGINE_HTTP_TOKEN       = var.secrets.http_token
    ENGINE_CREDENTIALS_KEYS = var.secrets.credentials_keys
  }

  engine_environment = [for name, value in local.environment : { name = name, value = value } if value != null]
  engine_secrets     = [for name, arn in local.secrets : { name = name, valueFrom = arn } if arn != null]
  mount              = [{ sourceVolume = "scratch", containerPath = local.scratch, readOnly = false }]
  logs = { for container in ["engine", "processor", "migrate"] : container => {
    logDriver = "awslogs"
    options = {
      awslogs-group         = aws_cloudwatch_log_group.this.name
      awslogs-region        = local.region
      awslogs-stream-prefix = container
    }
  } }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/engine"
  retention_in_days = var.log_retention_days
}

resource "aws_security_group" "this" {
  name        = "${var.name}-engine"
  description = "Engines of ${var.name}"
  vpc_id      = var.vpc_id
}

# Origins are anywhere and on any port; the engine itself refuses private addresses unless ENGINE_ALLOWED_NETWORKS says otherwise.
resource "aws_vpc_security_group_egress_rule" "anywhere" {
  for_each = { ipv4 = "0.0.0.0/0", ipv6 = "::/0" }

  security_group_id = aws_security_group.this.id
  description       = "Origins, AWS, the database, the image server"
  ip_protocol       = "-1"
  cidr_ipv4         = each.key == "ipv4" ? each.value : null
  cidr_ipv6         = each.key == "ipv6" ? each.value : null
}

resource "aws_vpc_security_group_ingress_rule" "callers" {
  for_each = var.caller_security_group_ids

  security_group_id            = aws_security_group.this.id
  referenced_security_group_id = each.value
  description                  = "POST /asset-ingest, /metrics: ${each.key}"
  ip_protocol                  = "tcp"
  from_port                    = local.engine_port
  to_port                      = local.engine_port
}

resource "aws_ecs_task_definition" "this" {
  family                   = "${var.name}-engine"
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
    size_in_gib = var.scratch_gib
  }

  volume {
    name = "scratch"
  }

  container_definitions = jsonencode([
    {
      name             = "engine"
      image            = var.engine_image
      essential        = true
      memory           = var.engine_memory
      stopTimeout      = 120
      environment      = local.engine_environment
      secrets          = local.engine_secrets
      mountPoints      = local.mount
      logConfiguration = local.logs.engine
      portMappings     = [{ name = "http", containerPort = local.engine_port, protocol = "tcp" }]
      linuxParameters  = { initProcessEnabled = true }
      # Also the order of stopping: the processor goes on until the engine has drained.
      dependsOn = [{ containerName = "processor", condition = "HEALTHY" }]
      # Shallow on purpose: a neighbour that is away must not restart a healthy engine.
      healthCheck = {
        command     = ["CMD", "python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:${local.engine_port}/health', timeout=4)"]
        interval    = 15
        timeout     = 5
        retries     = 4
        startPeriod = 60
      }
    },
    {
      name      = "processor"
      image     = var.processor_image
      essential = true
      memory    = local.processor_memory
      # It decodes what strangers send, so it is not told where the task's credentials are.
      command     = ["env", "-u", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "sluice", "processor"]
      stopTimeout = 120
      environment = [for name, value in merge(
        {
          PROCESSOR_HOST      = "127.0.0.1"
          PROCESSOR_PORT      = tostring(local.processor_port)
          PROCESSOR_SCRATCH   = local.scratch
          PROCESSOR_WORKERS   = tostring(local.workers)
          PROCESSOR_MEMORY_MB = tostring(local.memory_per_worker)
        },
        var.processor_settings,
      ) : { name = name, value = value }]
      mountPoints      = local.mount
      logConfiguration = local.logs.processor
      healthCheck = {
        command     = ["CMD", "python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:${local.processor_port}/ping', timeout=4)"]
        interval    = 15
        timeout     = 5
        retries     = 4
        startPeriod = 60
      }
    },
  ])

  lifecycle {
    precondition {
      condition     = local.processor_memory >= 1024 && local.memory_per_worker >= 512
      error_message = "The processor would get ${local.processor_memory} MiB for ${local.workers} workers: give the task more memory, or fewer processor_workers (512 MiB each at least, of three quarters of what the engine leaves)."
    }
  }
}

# Run once before new engines start: `aws ecs run-task` with this definition. See infra/README.md, upgrading.
resource "aws_ecs_task_definition" "migrate" {
  family                   = "${var.name}-migrate"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.execution.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  container_definitions = jsonencode([{
    name             = "migrate"
    image            = var.engine_image
    essential        = true
    command          = ["sluice", "migrate"]
    environment      = []
    secrets          = [{ name = "ENGINE_DATABASE_URL", valueFrom = coalesce(var.secrets.migration_database_url, var.secrets.database_url) }]
    logConfiguration = local.logs.migrate
  }])
}

resource "aws_service_discovery_service" "this" {
  name = "engine"

  dns_config {
    namespace_id   = var.namespace.id
    routing_policy = "MULTIVALUE"

    dns_records {
      type = "A"
      ttl  = 10
    }
  }

  # Named only when its health check passes, as ECS tells: not while it starts.
  health_check_custom_config {
    failure_threshold = 1
  }
}

resource "aws_ecs_service" "this" {
  name                    = "${var.name}-engine"
  cluster                 = var.cluster_name
  task_definition         = aws_ecs_task_definition.this.arn
  desired_count           = var.tasks.min
  propagate_tags          = "SERVICE"
  enable_ecs_managed_tags = true
  enable_execute_command  = var.enable_execute_command

  capacity_provider_strategy {
    capacity_provider = var.spot ? "FARGATE_SPOT" : "FARGATE"
    weight            = 1
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = concat([aws_security_group.this.id], var.security_group_ids)
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
