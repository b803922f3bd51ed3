variable "name" {
  description = "Name of the topic."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,256}$", var.name))
    error_message = "The name must have 1 to 256 letters, digits, hyphens and underscores."
  }
}

variable "kms_key_id" {
  description = "KMS key that encrypts messages at rest; none: not encrypted (they hold ids and counts only)."
  type        = string
  default     = null
}

variable "subscriber_account_ids" {
  description = "Other AWS accounts that may subscribe."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.subscriber_account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "An account id has 12 digits."
  }
}
