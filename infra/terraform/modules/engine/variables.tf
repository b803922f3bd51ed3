variable "name" {
  description = "Begins the names of everything that is made here."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.name))
    error_message = "The name must begin with a letter and have at most 31 lower-case letters, digits and hyphens."
  }
}

# Where

variable "cluster_name" {
  description = "ECS cluster, with Container Insights on: scaling asks it how many tasks run."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the tasks."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the tasks, with a way out to origins (NAT) and to AWS."
  type        = list(string)
}

variable "assign_public_ip" {
  description = "Give tasks public addresses: for subnets without NAT."
  type        = bool
  default     = false
}

variable "namespace" {
  description = "Private DNS namespace of Cloud Map; engines are found as `engine.{name}`."
  type        = object({ id = string, name = string })
}

variable "security_group_ids" {
  description = "Security groups that tasks wear beside their own: the database's clients, for example."
  type        = list(string)
  default     = []
}

variable "caller_security_group_ids" {
  description = "Who may call the engine's HTTP endpoint (the DLCS API, Prometheus): a name of your choice → security group."
  type        = map(string)
  default     = {}
}

# What

variable "engine_image" {
  description = "Container image of the engine, best with its digest."
  type        = string
}

variable "processor_image" {
  description = "Container image of the processor, of the same version."
  type        = string
}

variable "cpu_architecture" {
  description = "Architecture of the images."
  type        = string
  default     = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.cpu_architecture)
    error_message = "Expected X86_64 or ARM64."
  }
}

variable "buckets" {
  description = "Names of the four buckets."
  type        = object({ storage = string, thumbs = string, origin = string, security = string })
}

variable "queues" {
  description = "ARNs of the queues; `files` only if file-only assets come apart."
  type        = object({ images = string, priority = string, files = optional(string) })

  validation {
    condition     = alltrue([for arn in compact(values(var.queues)) : can(regex("^arn:[^:]+:sqs:[^:]+:[0-9]{12}:[^:]+$", arn))])
    error_message = "Expected ARNs of SQS queues."
  }
}

variable "dead_letter_queue_arns" {
  description = "ARNs of their dead-letter queues, for `sluice doctor` and `sluice queue`."
  type        = list(string)
  default     = []
}

variable "batch_topic_arn" {
  description = "SNS topic for finished batches; none: not announced."
  type        = string
  default     = null
}

variable "image_server_urls" {
  description = "Base URLs of the image servers, without /iiif/3."
  type        = list(string)

  validation {
    condition     = length(var.image_server_urls) > 0 && alltrue([for url in var.image_server_urls : can(regex("^https?://[^,]+$", url))])
    error_message = "Expected at least one http:// or https:// URL."
  }
}

variable "orchestrator_url" {
  description = "Asked for a new image's info.json, so that it is warm; none: nobody is."
  type        = string
  default     = null
}

variable "readable_bucket_arns" {
  description = "Other buckets that origins may be read from with the engine's own permissions (strategy s3-ambient)."
  type        = list(string)
  default     = []
}

variable "kms_key_arns" {
  description = "KMS keys of buckets, secrets and sealed credentials, where they are not AWS's own."
  type        = list(string)
  default     = []
}

variable "secrets" {
  description = "ARNs in Secrets Manager or SSM Parameter Store: never values. `migration_database_url` is for a role that may change the schema; none: `database_url`."
  type = object({
    database_url           = string
    migration_database_url = optional(string)
    http_token             = optional(string)
    credentials_keys       = optional(string)
  })

  validation {
    condition     = alltrue([for arn in compact(values(var.secrets)) : can(regex("^arn:[^:]+:(secretsmanager|ssm):", arn))])
    error_message = "Expected ARNs of secrets (arn:aws:secretsmanager:…) or parameters (arn:aws:ssm:…), not their values."
  }
}

variable "settings" {
  description = "Further settings of the engine (docs/settings.md) by name. Not secrets: they would be in the state."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.settings) : can(regex("^(ENGINE_|OTEL_)[A-Z0-9_]+$", name))])
    error_message = "Names of settings begin with ENGINE_ or OTEL_."
  }

  validation {
    condition     = length(setintersection(keys(var.settings), ["ENGINE_DATABASE_URL", "ENGINE_HTTP_TOKEN", "ENGINE_CREDENTIALS_KEYS"])) == 0
    error_message = "Secrets are given as ARNs in `secrets`."
  }
}

variable "processor_settings" {
  description = "Further settings of the processor (PROCESSOR_…) by name."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.processor_settings) : startswith(name, "PROCESSOR_")])
    error_message = "Names of the processor's settings begin with PROCESSOR_."
  }
}

# How large, how many

variable "cpu" {
  description = "CPU units of a task (1024 are one vCPU), nearly all for the processor."
  type        = number
  default     = 4096

  validation {
    condition     = contains([1024, 2048, 4096, 8192, 16384], var.cpu)
    error_message = "Expected 1024, 2048, 4096, 8192 or 16384."
  }
}

variable "memory" {
  description = "Memory of a task in MiB, for the engine and the processor together."
  type        = number
  default     = 16384
}

variable "engine_memory" {
  description = "The engine's share of it in MiB; the rest is the processor's."
  type        = number
  default     = 4096
}

variable "processor_workers" {
  description = "Conversions at once; none: one for each vCPU."
  type        = number
  default     = null
}

variable "scratch_gib" {
  description = "Ephemeral storage of a task in GiB: for each slot the largest origin and its JPEG 2000, and the images of both containers."
  type        = number
  default     = 100

  validation {
    condition     = var.scratch_gib >= 21 && var.scratch_gib <= 200
    error_message = "Fargate gives 21 to 200 GiB."
  }
}

variable "slots" {
  description = "Ingests at once in a task (ENGINE_SLOTS)."
  type        = number
  default     = 16

  validation {
    condition     = var.slots >= 1 && var.slots <= 1000
    error_message = "Expected 1 to 1000."
  }
}

variable "priority_slots" {
  description = "How many of them only priority may use (ENGINE_PRIORITY_SLOTS)."
  type        = number
  default     = 2

  validation {
    condition     = var.priority_slots >= 0 && var.priority_slots < var.slots
    error_message = "Expected fewer than `slots`."
  }
}

variable "tasks" {
  description = "How many tasks there are, at least and at most. At least one: it is also the HTTP endpoint, and works off the outbox."
  type        = object({ min = number, max = number })
  default     = { min = 1, max = 10 }

  validation {
    condition     = var.tasks.min >= 1 && var.tasks.max >= var.tasks.min
    error_message = "Expected 1 <= min <= max."
  }
}

variable "backlog_per_task" {
  description = "How many messages may wait for each task: what one task ingests in the time that a batch may wait."
  type        = number
  default     = 200

  validation {
    condition     = var.backlog_per_task > 0
    error_message = "Expected more than 0."
  }
}

variable "spot" {
  description = "Run on Fargate Spot: about a third of the price, stopped at two minutes' notice, which is what draining takes."
  type        = bool
  default     = false
}

variable "enable_execute_command" {
  description = "Let operators run `sluice doctor` and others in a task (`aws ecs execute-command`)."
  type        = bool
  default     = true
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
}
