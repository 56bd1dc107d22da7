# Bucket names are unique in the world, so they begin with the project, which is too. Cloud Storage takes 63 characters.
locals {
  _bucket_names = merge(
    { for purpose in ["operations", "scripts"] : purpose => "${local._file.project}-${local._file.name}-${purpose}" },
    { for served in local._serves : "${served.project}/${served.fleet}" => "${served.project}-${served.fleet}-operations" },
    { for name in keys(local._settings) : "sync/${name}" => "${local._file.project}-${local._file.name}-${name}-sync" },
  )

  buckets = {
    for purpose, name in local._bucket_names :
    purpose => length(name) <= 63 ? name : "${substr(name, 0, 54)}-${substr(sha256(name), 0, 8)}"
  }
}
