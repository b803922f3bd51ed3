output "address" {
  description = "Host of the database."
  value       = aws_db_instance.this.address
}

output "database_name" {
  description = "Name of the database."
  value       = aws_db_instance.this.db_name
}

output "master_secret_arn" {
  description = "Secret with the master's name and password, kept by RDS."
  value       = aws_db_instance.this.master_user_secret[0].secret_arn
}

output "client_security_group_id" {
  description = "Security group whose wearers may connect."
  value       = aws_security_group.clients.id
}
