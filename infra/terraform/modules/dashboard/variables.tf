variable "name" {
  description = "Name of the dashboard; begins the names of the alarms."
  type        = string
}

variable "cluster_name" {
  description = "ECS cluster, with Container Insights on."
  type        = string
}

variable "service_names" {
  description = "ECS services to show and to watch."
  type        = list(string)
}

variable "queue_arns" {
  description = "Queues to show."
  type        = list(string)
}

variable "dead_letter_queue_arns" {
  description = "Dead-letter queues to show."
  type        = list(string)
  default     = []
}

variable "metrics_namespace" {
  description = "CloudWatch namespace of the figures made from the engine's logs."
  type        = string
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told of alarms."
  type        = list(string)
  default     = []
}
