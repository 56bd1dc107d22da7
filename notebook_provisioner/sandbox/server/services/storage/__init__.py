"""Cloud Storage: buckets, object versions, uploads and downloads. docs/adr/0004 says why it is our own."""

from notebook_provisioner.sandbox.server.services.storage import (
    bucket_methods,
    copy_methods,
    object_methods,
    upload_methods,
)
from notebook_provisioner.sandbox.server.services.storage.api import SERVICE

__all__ = ["SERVICE", "bucket_methods", "copy_methods", "object_methods", "upload_methods"]
