# What an image server is told and may do, planned without AWS.

mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name                      = "museum"
  cluster_name              = "museum"
  vpc_id                    = "vpc-1"
  subnet_ids                = ["subnet-1"]
  namespace                 = { id = "ns-1", name = "museum.internal" }
  client_security_group_ids = { engine = "sg-1" }
  image                     = "cantaloupe"
  readable_bucket_arns      = ["arn:aws:s3:::m-storage"]
  latency_metric            = { namespace = "museum/Ingests", name = "ThumbnailSeconds" }
}

run "it_only_reads_and_only_what_it_must" {
  command = apply

  assert {
    condition     = [for statement in data.aws_iam_policy_document.task.statement : [statement.actions, statement.resources]] == [[toset(["s3:GetObject"]), toset(["arn:aws:s3:::m-storage/*"])]]
    error_message = "It may do more, or less."
  }

  assert {
    condition     = output.url == "http://image-server.museum.internal:8182"
    error_message = "Engines would not find it."
  }
}

run "half_of_the_memory_is_heap" {
  command = apply

  assert {
    condition     = contains(jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment, { name = "CANTALOUPE_HEAP", value = "4096m" })
    error_message = "The heap is another."
  }
}

run "a_heap_too_small_for_its_threads_is_refused" {
  command = plan

  variables {
    memory  = 4096
    threads = 20
  }

  expect_failures = [aws_ecs_task_definition.this]
}
