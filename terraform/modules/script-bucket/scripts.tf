resource "google_storage_bucket_object" "script" {
  for_each = var.scripts

  bucket       = module.bucket.name
  name         = "post-startup/${each.key}/${sha256(each.value)}.sh"
  content      = each.value
  content_type = "text/x-shellscript"

  # A replaced script stays where it is: the way back is its name. A destroy takes the bucket with all that is in it.
  deletion_policy = "ABANDON"

  # A notebook is pointed at the new script before the old one is forgotten.
  lifecycle {
    create_before_destroy = true
  }
}
