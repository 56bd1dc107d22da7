"""Cloud Storage's JSON API as a service of the sandbox."""

from notebook_provisioner.sandbox.server.errors import ErrorStyle
from notebook_provisioner.sandbox.server.service import Service

SERVICE = Service(
    api="storage",
    version="v1",
    error_style=ErrorStyle.LEGACY,
    not_emulated=(
        "access control lists: only IAM decides; bodies with `acl` are refused",
        "hierarchical namespaces, folders, managed folders, caches, relocation, notifications, HMAC keys",
        "customer-supplied encryption keys",
        "signed URLs, and the XML API beyond `GET /BUCKET/OBJECT` (Terraform's gcs backend reads by it)",
        "decompressing downloads: objects stored with `contentEncoding: gzip` are served as they are stored",
        "ACL columns of `projection=full`",
    ),
)
