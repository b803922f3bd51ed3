# What must outlive every deployment: objects, messages, announcements, rows. Changed seldom, destroyed never.
# Its outputs have the names of the variables of ../services; where a DLCS exists already, those are written by hand instead.

locals {
  secrets = {
    database_url           = "ENGINE_DATABASE_URL: postgresql://…"
    migration_database_url = "The same for a role that may change the schema"
    http_token             = "ENGINE_HTTP_TOKEN: what callers of the endpoint must send"
    credentials_keys       = "ENGINE_CREDENTIALS_KEYS: id:base64, several separated by commas"
  }

  queues = merge(
    { images = "${var.name}-images", priority = "${var.name}-images-priority" },
    var.file_queue ? { files = "${var.name}-files" } : {},
  )
}

module "buckets" {
  source = "../../../modules/buckets"

  prefix      = var.bucket_prefix
  kms_key_arn = var.kms_key_arn
}

module "queue" {
  source   = "../../../modules/queue"
  for_each = local.queues

  name                 = each.value
  publisher_topic_arns = lookup(var.publisher_topic_arns, each.key, [])
  alarm_topic_arns     = var.alarm_topic_arns
}

module "batches" {
  source = "../../../modules/topic"

  name = "${var.name}-batches"
}

module "database" {
  source = "../../../modules/database"
  count  = var.database == null ? 0 : 1

  name           = var.name
  vpc_id         = var.database.vpc_id
  subnet_ids     = var.database.subnet_ids
  instance_class = var.database.instance_class
  multi_az       = var.database.multi_az
}

# Where secrets go. Their values are put in by hand, so that no state knows them (infra/README.md).
resource "aws_secretsmanager_secret" "this" {
  for_each = var.secrets

  name        = "${var.name}/${replace(each.value, "_", "-")}"
  description = local.secrets[each.value]
}
