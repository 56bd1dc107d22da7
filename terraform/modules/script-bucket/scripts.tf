resource "google_storage_bucket_object" "script" {
  for_each = var.scripts

  bucket       = module.bucket.name
  name         = "post-startup/${each.key}/${sha256(each.value)}.sh"
  content      = each.value
  content_type = "text/x-shellscript"

  # A notebook is pointed at the new script before the old one goes.
  lifecycle {
    create_before_destroy = true
  }
}
