variable "name" {
  description = "Name of the queue; its dead-letter queue is called `{name}-dead`."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,75}$", var.name))
    error_message = "The name must have 1 to 75 letters, digits, hyphens and underscores."
  }
}

variable "visibility_timeout_seconds" {
  description = "How long a received message stays hidden. The engine renews it (ENGINE_VISIBILITY_SECONDS), so this only bridges the first renewal."
  type        = number
  default     = 180

  validation {
    condition     = var.visibility_timeout_seconds >= 90 && var.visibility_timeout_seconds <= 43200
    error_message = "Expected 90 (three heartbeats) to 43200 seconds."
  }
}

variable "max_receive_count" {
  description = "Receives after which a message is dead. Restarts of engines count as receives, attempts at an asset do not."
  type        = number
  default     = 5

  validation {
    condition     = var.max_receive_count >= 3 && var.max_receive_count <= 1000
    error_message = "Expected 3 to 1000: with fewer, a restart or two would make a good message dead."
  }
}

variable "oldest_message_alarm_seconds" {
  description = "Alarm when the oldest message has waited for longer."
  type        = number
  default     = 3600
}

variable "publisher_topic_arns" {
  description = "SNS topics that may send to this queue; they are subscribed with raw delivery."
  type        = list(string)
  default     = []
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told of alarms."
  type        = list(string)
  default     = []
}
