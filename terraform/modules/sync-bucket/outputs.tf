output "bucket" {
  description = "Name of the bucket."
  value       = module.bucket.name
}

output "url" {
  description = "Where the notebook's home is synced to, as `gs://NAME`."
  value       = module.bucket.url
}
