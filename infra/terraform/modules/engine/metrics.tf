# Figures for CloudWatch out of the one line that every ingest writes. Prometheus has many more, at /metrics of each engine.

locals {
  metrics = "${var.name}/Ingests"
  from_logs = {
    Ingests = {
      pattern    = "{ $.event = \"ingest\" && $.outcome = \"*\" }"
      value      = "1"
      unit       = "Count"
      dimensions = { Outcome = "$.outcome" }
    }
    InternalErrors = {
      pattern    = "{ $.event = \"ingest\" && $.reason = \"internal-error\" }"
      value      = "1"
      unit       = "Count"
      dimensions = null
    }
    IngestSeconds = {
      pattern    = "{ $.event = \"ingest\" && $.outcome = \"ingested\" && $.seconds >= 0 }"
      value      = "$.seconds"
      unit       = "Seconds"
      dimensions = null
    }
    # Waiting for the image server included: it rises when that has too few tasks.
    ThumbnailSeconds = {
      pattern    = "{ $.event = \"ingest\" && $.thumb_requests > 0 && $.steps.thumbs >= 0 }"
      value      = "$.steps.thumbs"
      unit       = "Seconds"
      dimensions = null
    }
  }
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.from_logs

  name           = "${var.name}-${each.key}"
  log_group_name = aws_cloudwatch_log_group.this.name
  pattern        = each.value.pattern

  metric_transformation {
    namespace  = local.metrics
    name       = each.key
    value      = each.value.value
    unit       = each.value.unit
    dimensions = each.value.dimensions
  }
}
