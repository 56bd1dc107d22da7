output "bucket" {
  description = "Name of the bucket."
  value       = module.bucket.name
}

output "scripts" {
  description = "Where each notebook's script stands, as {NOTEBOOK => {bucket, object, sha256}}. The object's name holds the hash of its content, so a changed script is a changed URI."
  value = {
    for notebook, script in google_storage_bucket_object.script :
    notebook => { bucket = script.bucket, object = script.name, sha256 = sha256(var.scripts[notebook]) }
  }
}
