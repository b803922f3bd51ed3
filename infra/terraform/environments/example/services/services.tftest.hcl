# The whole layer, planned without AWS on what the permanent layer hands over.

mock_provider "aws" {
  source = "../../../mocks"
}

variables {
  region                 = "eu-west-1"
  vpc_id                 = "vpc-1"
  subnet_ids             = ["subnet-1", "subnet-2"]
  images                 = { engine = "engine", processor = "processor", image_server = "cantaloupe" }
  buckets                = { storage = "m-storage", thumbs = "m-thumbs", origin = "m-origin", security = "m-security" }
  queues                 = { images = "arn:aws:sqs:eu-west-1:123456789012:images", priority = "arn:aws:sqs:eu-west-1:123456789012:priority", files = null }
  dead_letter_queue_arns = ["arn:aws:sqs:eu-west-1:123456789012:images-dead"]
  batch_topic_arn        = "arn:aws:sns:eu-west-1:123456789012:batches"
  secrets                = { database_url = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:museum/db-AbCdEf" }
}

run "the_services_find_each_other" {
  command = apply

  assert {
    condition     = output.image_server_url == "http://image-server.sluice.internal:8182" && output.engine_url == "http://engine.sluice.internal:8080"
    error_message = "They have other names."
  }

  assert {
    condition     = strcontains(output.migrate, "--task-definition sluice-migrate") && strcontains(output.migrate, "subnets=[subnet-1,subnet-2]")
    error_message = "The command that migrates is another."
  }
}

run "an_optimised_bucket_that_engines_cannot_read_is_refused" {
  command = plan

  variables {
    optimised_bucket_arns = ["arn:aws:s3:::somebody"]
  }

  expect_failures = [var.optimised_bucket_arns]
}
