"""Plan documents as `terraform show -json` writes them, down to what the readers look at."""

from typing import Any

ADDRESS = 'module.notebook["ana"].google_workbench_instance.this'
ACCOUNT = "nb-ana@nbp-quickstart.iam.gserviceaccount.com"
NETWORK = "projects/nbp-quickstart/global/networks/notebooks"
SUBNET = "projects/nbp-quickstart/regions/europe-west1/subnetworks/notebooks-europe-west1"
KEY = "projects/nbp-quickstart/locations/europe-west1/keyRings/notebooks/cryptoKeys/notebooks"
LOOKED_UP = {
    "prior_state": {
        "values": {
            "root_module": {
                "child_modules": [
                    {
                        "resources": [
                            {
                                "mode": "data",
                                "type": "google_project",
                                "values": {"project_id": "nbp-quickstart", "number": "1"},
                            }
                        ]
                    }
                ]
            }
        }
    }
}  # the number of the quickstart's project, as Terraform read it


def notebook(**setup: Any) -> dict[str, Any]:
    """A notebook as the modules make it; *setup* replaces parts of gce_setup."""
    return {
        "name": "ana",
        "labels": {"team": "one"},
        "instance_owners": ["ana@example.com"],
        "enable_deletion_protection": False,
        "deletion_policy": "DELETE",
        "gce_setup": [
            {
                "machine_type": "e2-standard-4",
                "disable_public_ip": True,
                "metadata": metadata(),
                "network_interfaces": [{"network": NETWORK, "subnet": SUBNET, "access_configs": []}],
                "service_accounts": [{"email": ACCOUNT}],
                "shielded_instance_config": [
                    {"enable_secure_boot": True, "enable_vtpm": True, "enable_integrity_monitoring": True}
                ],
                "accelerator_configs": [],
                "boot_disk": [{"disk_encryption": "CMEK", "kms_key": KEY}],
                "data_disks": [{"disk_encryption": "CMEK", "kms_key": KEY}],
                **setup,
            }
        ],
    }


def metadata(**changed: str | None) -> dict[str, str]:
    """The metadata that the modules set; None takes a key out. Underscores stand for hyphens."""
    keys = {
        "notebook-disable-downloads": "true",
        "notebook-disable-nbconvert": "true",
        "notebook-disable-root": "true",
        "notebook-disable-terminal": "true",
        "block-project-ssh-keys": "true",
        "idle-timeout-seconds": "3600",
        **{name.replace("_", "-"): value for name, value in changed.items()},
    }
    return {name: value for name, value in keys.items() if value is not None}


def change(
    kind: str,
    actions: list[str],
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    unknown: dict[str, Any] | None = None,
    address: str | None = None,
    **entry: Any,
) -> dict[str, Any]:
    """One entry of resource_changes."""
    extra = {key: entry.pop(key) for key in ("replace_paths", "importing") if key in entry}
    return {
        "address": address or (ADDRESS if kind == "google_workbench_instance" else f"{kind}.this"),
        "mode": "managed",
        "type": kind,
        "change": {
            "actions": actions,
            "before": before,
            "after": after,
            "after_unknown": unknown or {},
            **extra,
        },
        **entry,
    }


def document(*changes: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """A plan."""
    return {"format_version": "1.2", "resource_changes": list(changes), **rest}
