# What a task is told and may do, planned without AWS.

mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name              = "museum"
  cluster_name      = "museum"
  vpc_id            = "vpc-1"
  subnet_ids        = ["subnet-1", "subnet-2"]
  namespace         = { id = "ns-1", name = "museum.internal" }
  engine_image      = "engine"
  processor_image   = "processor"
  buckets           = { storage = "m-storage", thumbs = "m-thumbs", origin = "m-origin", security = "m-security" }
  queues            = { images = "arn:aws:sqs:eu-west-1:123456789012:images", priority = "arn:aws:sqs:eu-west-1:123456789012:priority" }
  image_server_urls = ["http://image-server.museum.internal:8182"]
  secrets           = { database_url = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:museum/db-AbCdEf:url::" }
}

run "the_engine_is_told_all_it_needs" {
  command = apply

  assert {
    condition = { for pair in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment : pair.name => pair.value } == {
      AWS_REGION               = "eu-west-1"
      ENGINE_IMAGE_QUEUE       = "https://sqs.eu-west-1.amazonaws.com/123456789012/images"
      ENGINE_PRIORITY_QUEUE    = "https://sqs.eu-west-1.amazonaws.com/123456789012/priority"
      ENGINE_STORAGE_BUCKET    = "m-storage"
      ENGINE_THUMBS_BUCKET     = "m-thumbs"
      ENGINE_ORIGIN_BUCKET     = "m-origin"
      ENGINE_SECURITY_BUCKET   = "m-security"
      ENGINE_PROCESSOR_URL     = "http://127.0.0.1:8081"
      ENGINE_SCRATCH           = "/scratch"
      ENGINE_PROCESSOR_SCRATCH = "/scratch"
      ENGINE_IMAGE_SERVER_URL  = "http://image-server.museum.internal:8182"
      ENGINE_SLOTS             = "16"
      ENGINE_PRIORITY_SLOTS    = "2"
      ENGINE_DRAIN_SECONDS     = "100"
      ENGINE_HTTP_HOST         = "0.0.0.0"
      ENGINE_HTTP_PORT         = "8080"
      ENGINE_LOG_FORMAT        = "json"
    }
    error_message = "The engine's environment is another."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].secrets == [{ name = "ENGINE_DATABASE_URL", valueFrom = var.secrets.database_url }]
    error_message = "Secrets are not handed over by reference, or those that are not set are."
  }

  assert {
    condition     = length(setsubtract(["s3", "sqs", "ecs"], distinct([for action in flatten([for statement in data.aws_iam_policy_document.task.statement : statement.actions]) : split(":", action)[0]]))) == 0
    error_message = "A permission is missing."
  }

  assert {
    condition     = alltrue([for statement in data.aws_iam_policy_document.task.statement : statement.sid == "LetOperatorsIn" || !contains(statement.resources, "*")])
    error_message = "A permission is given on everything."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.secrets.statement : statement.resources if statement.sid == "Secrets"]) == toset(["arn:aws:secretsmanager:eu-west-1:123456789012:secret:museum/db-AbCdEf"])
    error_message = "The execution role must be let at the secret itself, whatever key of it is asked for."
  }
}

run "the_memory_is_divided_among_the_processors_workers" {
  command = apply

  variables {
    cpu    = 2048
    memory = 8192
  }

  assert {
    condition = alltrue([for name, value in { PROCESSOR_WORKERS = "2", PROCESSOR_MEMORY_MB = "1536" } :
    contains([for pair in jsondecode(aws_ecs_task_definition.this.container_definitions)[1].environment : "${pair.name}=${pair.value}"], "${name}=${value}")])
    error_message = "The processor's share is another."
  }
}

run "a_task_too_small_for_its_workers_is_refused" {
  command = plan

  variables {
    cpu    = 4096
    memory = 5120
  }

  expect_failures = [aws_ecs_task_definition.this]
}

run "a_secret_in_clear_is_refused" {
  command = plan

  variables {
    secrets = { database_url = "postgresql://sluice:secret@database/dlcs" }
  }

  expect_failures = [var.secrets]
}

run "a_secret_among_the_settings_is_refused" {
  command = plan

  variables {
    settings = { ENGINE_HTTP_TOKEN = "secret" }
  }

  expect_failures = [var.settings]
}
