variable "name" {
  description = "Begins the names of cluster, services, roles and alarms; the private DNS zone is `{name}.internal`."
  type        = string
  default     = "sluice"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.name))
    error_message = "The name must begin with a letter and have at most 31 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "AWS region, the same as that of buckets and queues."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the tasks; it needs DNS support and DNS host names."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the tasks, with a way out (NAT, or `assign_public_ip`) and best an S3 gateway endpoint."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "Expected at least one subnet."
  }
}

variable "assign_public_ip" {
  description = "Give tasks public addresses: for subnets without NAT."
  type        = bool
  default     = false
}

variable "images" {
  description = "Container images, best with their digests; engine and processor of one version."
  type        = object({ engine = string, processor = string, image_server = string })
}

# From ../permanent, or of a DLCS that exists.

variable "buckets" {
  description = "Names of the four buckets."
  type        = object({ storage = string, thumbs = string, origin = string, security = string })
}

variable "queues" {
  description = "ARNs of the queues; `files` only if file-only assets come apart."
  type        = object({ images = string, priority = string, files = optional(string) })
}

variable "dead_letter_queue_arns" {
  description = "ARNs of their dead-letter queues."
  type        = list(string)
  default     = []
}

variable "batch_topic_arn" {
  description = "SNS topic for finished batches; none: not announced."
  type        = string
  default     = null
}

variable "secrets" {
  description = "ARNs in Secrets Manager or SSM Parameter Store, never values."
  type = object({
    database_url           = string
    migration_database_url = optional(string)
    http_token             = optional(string)
    credentials_keys       = optional(string)
  })
}

variable "engine_security_group_ids" {
  description = "Security groups that engines wear to reach the database."
  type        = list(string)
  default     = []
}

variable "kms_key_arns" {
  description = "KMS keys of buckets, secrets and sealed credentials, where they are not AWS's own."
  type        = list(string)
  default     = []
}

variable "database" {
  description = "Not used: ../permanent's output of that name, so that all its outputs can be handed over as they are."
  type        = any
  default     = null
}

# How it works together with the rest

variable "caller_security_group_ids" {
  description = "Who may call the engine's HTTP endpoint: a name of your choice → security group."
  type        = map(string)
  default     = {}
}

variable "orchestrator_url" {
  description = "The DLCS orchestrator, asked for a new image's info.json; none: nobody is."
  type        = string
  default     = null
}

variable "readable_bucket_arns" {
  description = "Other buckets that engines may fetch origins from (strategy s3-ambient)."
  type        = list(string)
  default     = []
}

variable "optimised_bucket_arns" {
  description = "Those among them whose strategy is optimised: the image server reads from them in place."
  type        = list(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.optimised_bucket_arns, var.readable_bucket_arns)) == 0
    error_message = "An optimised bucket must be among readable_bucket_arns, too."
  }
}

variable "settings" {
  description = "Further settings of the engine by name (docs/settings.md); no secrets."
  type        = map(string)
  default     = {}
}

variable "engine" {
  description = "Size and number of engine tasks; infra/README.md says how to choose."
  type = object({
    cpu              = optional(number, 4096)
    memory           = optional(number, 16384)
    scratch_gib      = optional(number, 100)
    slots            = optional(number, 16)
    priority_slots   = optional(number, 2)
    min              = optional(number, 1)
    max              = optional(number, 10)
    backlog_per_task = optional(number, 200)
    spot             = optional(bool, false)
  })
  default = {}
}

variable "image_server" {
  description = "Size and number of image server tasks."
  type = object({
    cpu       = optional(number, 2048)
    memory    = optional(number, 8192)
    threads   = optional(number, 10)
    cache_gib = optional(number, 50)
    min       = optional(number, 1)
    max       = optional(number, 8)
    spot      = optional(bool, false)
  })
  default = {}
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
