output "arn" {
  description = "ARN of the topic, for ENGINE_BATCH_TOPIC."
  value       = aws_sns_topic.this.arn
}
