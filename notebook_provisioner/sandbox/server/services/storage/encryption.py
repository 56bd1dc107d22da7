"""Default keys of buckets."""

from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server import key_grants
from notebook_provisioner.sandbox.server.errors import ApiError

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.context import Context
    from notebook_provisioner.sandbox.server.services.storage.catalog import Bucket


def check_key(context: "Context", bucket: "Bucket") -> None:
    """Refuse a default key that does not exist or that the project's storage service agent may not use.

    Raises:
        ApiError: 400 for a malformed name, 403 otherwise, in Google's words.
    """
    name = bucket.resource.get("encryption", {}).get("defaultKmsKeyName")
    agent = f"service-{bucket.resource['projectNumber']}@gs-project-accounts.iam.gserviceaccount.com"
    if name and not key_grants.may_use(context, name, agent):
        message = (
            "Permission denied on Cloud KMS key. Please ensure that your Cloud Storage service account has "
            "been authorized to use this key."
        )
        raise ApiError("PERMISSION_DENIED", message)
