output "url" {
  description = "What engines are told (ENGINE_IMAGE_SERVER_URL)."
  value       = "http://${aws_service_discovery_service.this.name}.${var.namespace.name}:${local.port}"
}

output "service_name" {
  description = "Name of the ECS service."
  value       = aws_ecs_service.this.name
}

output "security_group_id" {
  description = "Security group of the tasks."
  value       = aws_security_group.this.id
}

output "log_group_name" {
  description = "Log group."
  value       = aws_cloudwatch_log_group.this.name
}
