output "security_group_id" {
  description = "Security group of the engines: the image server lets it in."
  value       = aws_security_group.this.id
}

output "service_name" {
  description = "Name of the ECS service."
  value       = aws_ecs_service.this.name
}

output "url" {
  description = "The engine's HTTP endpoint inside the VPC: POST {url}/asset-ingest."
  value       = "http://${aws_service_discovery_service.this.name}.${var.namespace.name}:${local.engine_port}"
}

output "task_role_arn" {
  description = "Role that engines act with: what other accounts' bucket policies must let in."
  value       = aws_iam_role.task.arn
}

output "log_group_name" {
  description = "Log group of engine, processor and migrations."
  value       = aws_cloudwatch_log_group.this.name
}

output "metrics_namespace" {
  description = "CloudWatch namespace of the figures made from logs."
  value       = local.metrics
}

output "migrate" {
  description = "What to type before new engines start."
  value = join(" ", [
    "aws ecs run-task --launch-type FARGATE --cluster ${var.cluster_name}",
    "--task-definition ${aws_ecs_task_definition.migrate.family}",
    "--network-configuration 'awsvpcConfiguration={subnets=[${join(",", var.subnet_ids)}],securityGroups=[${join(",", concat([aws_security_group.this.id], var.security_group_ids))}],assignPublicIp=${var.assign_public_ip ? "ENABLED" : "DISABLED"}}'",
  ])
}
