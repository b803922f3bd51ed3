output "names" {
  description = "Names of the buckets by role."
  value       = { for role, bucket in aws_s3_bucket.this : role => bucket.id }
}

output "arns" {
  description = "ARNs of the buckets by role."
  value       = { for role, bucket in aws_s3_bucket.this : role => bucket.arn }
}
