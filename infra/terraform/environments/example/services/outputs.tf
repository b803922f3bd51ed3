output "engine_url" {
  description = "The engine's HTTP endpoint inside the VPC, for the DLCS API."
  value       = module.engine.url
}

output "image_server_url" {
  description = "What engines know as ENGINE_IMAGE_SERVER_URL."
  value       = module.image_server.url
}

output "engine_task_role_arn" {
  description = "Role that bucket policies of other accounts must let in."
  value       = module.engine.task_role_arn
}

output "migrate" {
  description = "What to type before new engines start."
  value       = module.engine.migrate
}

output "dashboard" {
  description = "Name of the CloudWatch dashboard."
  value       = module.dashboard.name
}
