variable "name" {
  description = "Identifier of the database instance."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,40}$", var.name))
    error_message = "The name must begin with a letter and have at most 41 lower-case letters, digits and hyphens."
  }
}

variable "vpc_id" {
  description = "VPC of the database."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets, in two availability zones at least."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "RDS wants subnets in two availability zones at least."
  }
}

variable "database_name" {
  description = "Name of the database in it."
  type        = string
  default     = "dlcs"
}

variable "engine_version" {
  description = "PostgreSQL's version; minor ones follow by themselves."
  type        = string
  default     = "17"
}

variable "instance_class" {
  description = "Size of the instance."
  type        = string
  default     = "db.t4g.medium"
}

variable "allocated_storage_gib" {
  description = "Storage to begin with; it grows to five times that."
  type        = number
  default     = 50

  validation {
    condition     = var.allocated_storage_gib >= 20
    error_message = "Expected 20 GiB at least."
  }
}

variable "multi_az" {
  description = "A standby in another availability zone, at twice the price."
  type        = bool
  default     = false
}

variable "kms_key_arn" {
  description = "KMS key that encrypts the storage; none: RDS's own."
  type        = string
  default     = null
}
