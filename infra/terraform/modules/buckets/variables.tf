variable "prefix" {
  description = "Buckets are called `{prefix}-storage`, `-thumbs`, `-origin` and `-security`. Names of buckets are the whole world's: choose one of your own."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,52}$", var.prefix))
    error_message = "The prefix must have 2 to 53 lower-case letters, digits and hyphens, and begin with a letter or digit."
  }
}

variable "names" {
  description = "Names of single buckets that differ from `{prefix}-{role}`, by role."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for role in keys(var.names) : contains(["storage", "thumbs", "origin", "security"], role)])
    error_message = "The roles are storage, thumbs, origin and security."
  }
}

variable "versioned" {
  description = "Roles of buckets that keep old versions. Not storage and thumbs unless you must: all in them can be made anew, and every staged copy would be kept twice."
  type        = set(string)
  default     = ["origin", "security"]

  validation {
    condition     = alltrue([for role in var.versioned : contains(["storage", "thumbs", "origin", "security"], role)])
    error_message = "The roles are storage, thumbs, origin and security."
  }
}

variable "keep_versions_days" {
  description = "How long versioned buckets keep versions that are no longer current."
  type        = number
  default     = 30

  validation {
    condition     = var.keep_versions_days >= 1
    error_message = "Expected at least 1 day."
  }
}

variable "kms_key_arn" {
  description = "KMS key that encrypts the buckets; none: S3's own. Give it to the services as well (`kms_key_arns`)."
  type        = string
  default     = null
}
