# What runs. All of it can be destroyed and made again without losing an image, a message or a row.

locals {
  storage = "arn:${data.aws_partition.current.partition}:s3:::${var.buckets.storage}"
  origin  = "arn:${data.aws_partition.current.partition}:s3:::${var.buckets.origin}"
}

data "aws_partition" "current" {}

resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled" # scaling divides by its count of running tasks
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

resource "aws_service_discovery_private_dns_namespace" "this" {
  name = "${var.name}.internal"
  vpc  = var.vpc_id
}

locals {
  namespace = {
    id   = aws_service_discovery_private_dns_namespace.this.id
    name = aws_service_discovery_private_dns_namespace.this.name
  }
}

module "engine" {
  source = "../../../modules/engine"

  name             = var.name
  cluster_name     = aws_ecs_cluster_capacity_providers.this.cluster_name
  vpc_id           = var.vpc_id
  subnet_ids       = var.subnet_ids
  assign_public_ip = var.assign_public_ip
  namespace        = local.namespace

  security_group_ids        = var.engine_security_group_ids
  caller_security_group_ids = var.caller_security_group_ids

  engine_image    = var.images.engine
  processor_image = var.images.processor

  buckets                = var.buckets
  queues                 = var.queues
  dead_letter_queue_arns = var.dead_letter_queue_arns
  batch_topic_arn        = var.batch_topic_arn
  image_server_urls      = [module.image_server.url]
  orchestrator_url       = var.orchestrator_url
  readable_bucket_arns   = var.readable_bucket_arns
  kms_key_arns           = var.kms_key_arns
  secrets                = var.secrets
  settings               = var.settings

  cpu              = var.engine.cpu
  memory           = var.engine.memory
  scratch_gib      = var.engine.scratch_gib
  slots            = var.engine.slots
  priority_slots   = var.engine.priority_slots
  backlog_per_task = var.engine.backlog_per_task
  spot             = var.engine.spot
  tasks            = { min = var.engine.min, max = var.engine.max }
}

module "image_server" {
  source = "../../../modules/image_server"

  name             = var.name
  cluster_name     = aws_ecs_cluster_capacity_providers.this.cluster_name
  vpc_id           = var.vpc_id
  subnet_ids       = var.subnet_ids
  assign_public_ip = var.assign_public_ip
  namespace        = local.namespace

  client_security_group_ids = { engine = module.engine.security_group_id }

  image                = var.images.image_server
  readable_bucket_arns = concat([local.storage, local.origin], var.optimised_bucket_arns)
  kms_key_arns         = var.kms_key_arns
  latency_metric       = { namespace = module.engine.metrics_namespace, name = "ThumbnailSeconds" }

  cpu       = var.image_server.cpu
  memory    = var.image_server.memory
  threads   = var.image_server.threads
  cache_gib = var.image_server.cache_gib
  spot      = var.image_server.spot
  tasks     = { min = var.image_server.min, max = var.image_server.max }
}

module "dashboard" {
  source = "../../../modules/dashboard"

  name                   = var.name
  cluster_name           = aws_ecs_cluster.this.name
  service_names          = [module.engine.service_name, module.image_server.service_name]
  queue_arns             = compact(values(var.queues))
  dead_letter_queue_arns = var.dead_letter_queue_arns
  metrics_namespace      = module.engine.metrics_namespace
  alarm_topic_arns       = var.alarm_topic_arns
}
