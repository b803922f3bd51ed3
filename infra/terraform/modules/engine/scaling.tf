# As many engines as the queues want: messages that wait, divided by tasks that run, is kept at `backlog_per_task`. Scaling in
# cannot cut an ingest short: engines that work protect themselves, and those that are stopped drain.

resource "aws_appautoscaling_target" "this" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${var.cluster_name}/${aws_ecs_service.this.name}"
  min_capacity       = var.tasks.min
  max_capacity       = var.tasks.max
}

locals {
  waiting = { for index, arn in local.queue_arns : "waiting${index}" => split(":", arn)[5] }
}

resource "aws_appautoscaling_policy" "backlog" {
  name               = "${var.name}-engine-backlog"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.backlog_per_task
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    customized_metric_specification {
      dynamic "metrics" {
        for_each = local.waiting

        content {
          id          = metrics.key
          return_data = false

          metric_stat {
            stat = "Average"

            metric {
              namespace   = "AWS/SQS"
              metric_name = "ApproximateNumberOfMessagesVisible"

              dimensions {
                name  = "QueueName"
                value = metrics.value
              }
            }
          }
        }
      }

      metrics {
        id          = "running"
        return_data = false

        metric_stat {
          stat = "Average"

          metric {
            namespace   = "ECS/ContainerInsights"
            metric_name = "RunningTaskCount"

            dimensions {
              name  = "ClusterName"
              value = var.cluster_name
            }

            dimensions {
              name  = "ServiceName"
              value = aws_ecs_service.this.name
            }
          }
        }
      }

      # A queue that nobody used for hours reports nothing at all.
      metrics {
        id          = "backlog"
        label       = "Messages that wait, for each task"
        expression  = "(${join(" + ", [for id in keys(local.waiting) : "FILL(${id}, 0)"])}) / MAX([FILL(running, 1), 1])"
        return_data = true
      }
    }
  }
}
