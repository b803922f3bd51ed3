# Named as the variables of ../services:
#   terraform output -json | jq 'map_values(.value)' > ../services/permanent.auto.tfvars.json

output "buckets" {
  description = "Names of the buckets by role."
  value       = module.buckets.names
}

output "queues" {
  description = "ARNs of the queues by role."
  value       = { for role in ["images", "priority", "files"] : role => try(module.queue[role].arn, null) }
}

output "dead_letter_queue_arns" {
  description = "ARNs of the dead-letter queues."
  value       = [for queue in module.queue : queue.dead_letter_arn]
}

output "batch_topic_arn" {
  description = "Topic of finished batches."
  value       = module.batches.arn
}

output "secrets" {
  description = "ARNs of the secrets; each must be given its value before a task starts."
  value       = { for name, secret in aws_secretsmanager_secret.this : name => secret.arn }
}

output "engine_security_group_ids" {
  description = "Security groups that engines must wear to reach the database."
  value       = module.database[*].client_security_group_id
}

output "kms_key_arns" {
  description = "KMS keys that services must be allowed to use."
  value       = compact([var.kms_key_arn])
}

output "database" {
  description = "The database that was made here, if any."
  value       = one([for database in module.database : { address = database.address, name = database.database_name, master_secret_arn = database.master_secret_arn }])
}
