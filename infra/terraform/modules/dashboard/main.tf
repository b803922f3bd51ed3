# One page that says whether images get through, and the alarms that belong to no single part. Those of a queue are with the queue.

data "aws_region" "current" {}

locals {
  region = data.aws_region.current.name
  queues = [for arn in var.queue_arns : split(":", arn)[5]]
  dead   = [for arn in var.dead_letter_queue_arns : split(":", arn)[5]]

  panels = [
    {
      title   = "Waiting messages"
      stat    = "Maximum"
      stacked = true
      metrics = [for queue in local.queues : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue]]
    },
    {
      title   = "Age of the oldest message (seconds)"
      stat    = "Maximum"
      stacked = false
      metrics = [for queue in local.queues : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue]]
    },
    {
      title   = "Dead letters"
      stat    = "Maximum"
      stacked = true
      metrics = [for queue in local.dead : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue]]
    },
    {
      title   = "Tries that ended, by outcome"
      stat    = "Sum"
      stacked = true
      metrics = [for outcome in ["ingested", "refused", "retry", "busy", "redelivered", "superseded", "unreadable"] : [var.metrics_namespace, "Ingests", "Outcome", outcome]]
    },
    {
      title   = "Seconds: a whole ingest, and its thumbnails"
      stat    = "Average"
      stacked = false
      metrics = [[var.metrics_namespace, "IngestSeconds"], [var.metrics_namespace, "ThumbnailSeconds"]]
    },
    {
      title   = "Errors of our own"
      stat    = "Sum"
      stacked = false
      metrics = [[var.metrics_namespace, "InternalErrors"]]
    },
    {
      title   = "Running tasks"
      stat    = "Average"
      stacked = false
      metrics = [for service in var.service_names : ["ECS/ContainerInsights", "RunningTaskCount", "ClusterName", var.cluster_name, "ServiceName", service]]
    },
    {
      title   = "CPU (%)"
      stat    = "Average"
      stacked = false
      metrics = [for service in var.service_names : ["AWS/ECS", "CPUUtilization", "ClusterName", var.cluster_name, "ServiceName", service]]
    },
    {
      title   = "Memory (%)"
      stat    = "Maximum"
      stacked = false
      metrics = [for service in var.service_names : ["AWS/ECS", "MemoryUtilization", "ClusterName", var.cluster_name, "ServiceName", service]]
    },
    {
      title   = "Ephemeral storage in use (GB)"
      stat    = "Maximum"
      stacked = false
      metrics = [for service in var.service_names : ["ECS/ContainerInsights", "EphemeralStorageUtilized", "ClusterName", var.cluster_name, "ServiceName", service]]
    },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = [for index, panel in local.panels : {
      type   = "metric"
      x      = (index % 3) * 8
      y      = floor(index / 3) * 6
      width  = 8
      height = 6
      properties = {
        title   = panel.title
        region  = local.region
        view    = "timeSeries"
        stat    = panel.stat
        stacked = panel.stacked
        period  = 60
        metrics = panel.metrics
      }
    } if length(panel.metrics) > 0]
  })
}

resource "aws_cloudwatch_metric_alarm" "internal_errors" {
  alarm_name          = "${var.name}-internal-errors"
  alarm_description   = "Ingests end by errors nobody foresaw: `sluice runs --failed`, and the logs."
  namespace           = var.metrics_namespace
  metric_name         = "InternalErrors"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "retries" {
  alarm_name          = "${var.name}-mostly-retries"
  alarm_description   = "More tries end in waiting than in images: origins or the image server are in trouble. `sluice doctor`."
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0.5
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns

  metric_query {
    id          = "share"
    label       = "Share of tries to be repeated"
    expression  = "IF(FILL(retry, 0) + FILL(ingested, 0) > 20, FILL(retry, 0) / (FILL(retry, 0) + FILL(ingested, 0)), 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = toset(["retry", "ingested"])

    content {
      id = metric_query.value

      metric {
        namespace   = var.metrics_namespace
        metric_name = "Ingests"
        dimensions  = { Outcome = metric_query.value }
        stat        = "Sum"
        period      = 300
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "no_tasks" {
  for_each = toset(var.service_names)

  alarm_name          = "${each.value}-not-running"
  alarm_description   = "No task of ${each.value} runs: look at the events of the ECS service."
  namespace           = "ECS/ContainerInsights"
  metric_name         = "RunningTaskCount"
  dimensions          = { ClusterName = var.cluster_name, ServiceName = each.value }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}
