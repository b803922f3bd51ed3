variable "name" {
  description = "Begins the names of everything that is made here."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.name))
    error_message = "The name must begin with a letter and have at most 31 lower-case letters, digits and hyphens."
  }
}

variable "cluster_name" {
  description = "ECS cluster."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the tasks."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the tasks. An S3 gateway endpoint in them saves NAT charges for every image read."
  type        = list(string)
}

variable "assign_public_ip" {
  description = "Give tasks public addresses: for subnets without NAT."
  type        = bool
  default     = false
}

variable "namespace" {
  description = "Private DNS namespace of Cloud Map; the tasks are found as `image-server.{name}`."
  type        = object({ id = string, name = string })
}

variable "client_security_group_ids" {
  description = "Who may ask for images: a name of your choice → security group. Only engines, usually: it checks no permissions."
  type        = map(string)
}

variable "image" {
  description = "Container image of Cantaloupe with its configuration, best with its digest."
  type        = string
}

variable "cpu_architecture" {
  description = "Architecture of the image."
  type        = string
  default     = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.cpu_architecture)
    error_message = "Expected X86_64 or ARM64."
  }
}

variable "readable_bucket_arns" {
  description = "Buckets that images are read from: storage, and those of optimised origins (the origin bucket)."
  type        = list(string)

  validation {
    condition     = length(var.readable_bucket_arns) > 0 && alltrue([for arn in var.readable_bucket_arns : can(regex("^arn:[^:]+:s3:::[^/]+$", arn))])
    error_message = "Expected ARNs of buckets."
  }
}

variable "kms_key_arns" {
  description = "KMS keys of those buckets, where they are not S3's own."
  type        = list(string)
  default     = []
}

variable "cpu" {
  description = "CPU units of a task (1024 are one vCPU)."
  type        = number
  default     = 2048

  validation {
    condition     = contains([1024, 2048, 4096, 8192, 16384], var.cpu)
    error_message = "Expected 1024, 2048, 4096, 8192 or 16384."
  }
}

variable "memory" {
  description = "Memory of a task in MiB."
  type        = number
  default     = 8192
}

variable "heap_mib" {
  description = "Heap of the JVM in MiB, at least 150 for each thread; none: half of the memory."
  type        = number
  default     = null
}

variable "threads" {
  description = "Requests that are answered at once; more wait. Throughput is reached at about one a core; a few more cover reading from S3."
  type        = number
  default     = 10

  validation {
    condition     = var.threads >= 8 && var.threads <= 64
    error_message = "Expected 8 to 64: the web server needs a few threads of its own, and many renderings at once exhaust the heap."
  }
}

variable "cache_gib" {
  description = "Ephemeral storage of a task in GiB: all sources read in a quarter of an hour."
  type        = number
  default     = 50

  validation {
    condition     = var.cache_gib >= 21 && var.cache_gib <= 200
    error_message = "Fargate gives 21 to 200 GiB."
  }
}

variable "settings" {
  description = "Further environment: keys of cantaloupe.properties in upper case with underscores, such as LOG_APPLICATION_LEVEL."
  type        = map(string)
  default     = {}
}

variable "tasks" {
  description = "How many tasks there are, at least and at most. DNS names eight at a time, so engines use at most eight at once."
  type        = object({ min = number, max = number })
  default     = { min = 1, max = 8 }

  validation {
    condition     = var.tasks.min >= 1 && var.tasks.max >= var.tasks.min
    error_message = "Expected 1 <= min <= max."
  }
}

variable "target_cpu_percent" {
  description = "CPU use that scaling aims at."
  type        = number
  default     = 65

  validation {
    condition     = var.target_cpu_percent > 0 && var.target_cpu_percent <= 100
    error_message = "Expected a percentage."
  }
}

variable "target_thumbnail_seconds" {
  description = "Seconds that an ingest spends on its thumbnails, waiting included, that scaling aims at."
  type        = number
  default     = 5

  validation {
    condition     = var.target_thumbnail_seconds > 0
    error_message = "Expected more than 0."
  }
}

variable "latency_metric" {
  description = "CloudWatch metric of those seconds."
  type        = object({ namespace = string, name = string })
}

variable "spot" {
  description = "Run on Fargate Spot. What is stopped under way is asked again elsewhere."
  type        = bool
  default     = false
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
}
