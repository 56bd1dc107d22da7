# Object user: list, read, write and delete objects. Not the bucket's settings, not its IAM policy.
resource "google_storage_bucket_iam_member" "writer" {
  bucket = module.bucket.name
  role   = "roles/storage.objectUser"
  member = "serviceAccount:${var.writer}"
}
