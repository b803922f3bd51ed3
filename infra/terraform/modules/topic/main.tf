# Where finished batches are announced (ENGINE_BATCH_TOPIC).

resource "aws_sns_topic" "this" {
  name              = var.name
  kms_master_key_id = var.kms_key_id
}

data "aws_iam_policy_document" "subscribers" {
  count = length(var.subscriber_account_ids) > 0 ? 1 : 0

  statement {
    sid       = "AccountsMaySubscribe"
    actions   = ["sns:Subscribe", "sns:GetTopicAttributes"]
    resources = [aws_sns_topic.this.arn]

    principals {
      type        = "AWS"
      identifiers = var.subscriber_account_ids
    }
  }
}

resource "aws_sns_topic_policy" "subscribers" {
  count = length(var.subscriber_account_ids) > 0 ? 1 : 0

  arn    = aws_sns_topic.this.arn
  policy = data.aws_iam_policy_document.subscribers[0].json
}
