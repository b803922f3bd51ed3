variable "name" {
  description = "Begins the names of queues, topic and database."
  type        = string
  default     = "sluice"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.name))
    error_message = "The name must begin with a letter and have at most 31 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "bucket_prefix" {
  description = "Begins the names of the buckets, which are the whole world's: something of your own, such as `museum-sluice`."
  type        = string
}

variable "file_queue" {
  description = "Make a queue for file-only assets, for a DLCS that sends them apart."
  type        = bool
  default     = true
}

variable "publisher_topic_arns" {
  description = "SNS topics that send to the queues, by role (images, priority, files)."
  type        = map(list(string))
  default     = {}
}

variable "database" {
  description = "Where to make a PostgreSQL; none: there is a DLCS database already."
  type = object({
    vpc_id         = string
    subnet_ids     = list(string)
    instance_class = optional(string, "db.t4g.medium")
    multi_az       = optional(bool, false)
  })
  default = null
}

variable "secrets" {
  description = "Secrets to make room for. Only those you will give a value: a task does not start with an empty one."
  type        = set(string)
  default     = ["database_url"]

  validation {
    condition     = length(setsubtract(var.secrets, ["database_url", "migration_database_url", "http_token", "credentials_keys"])) == 0
    error_message = "Expected some of database_url, migration_database_url, http_token and credentials_keys."
  }
}

variable "kms_key_arn" {
  description = "KMS key for the buckets; none: S3's own encryption."
  type        = string
  default     = null
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told of alarms."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Further tags on everything."
  type        = map(string)
  default     = {}
}
