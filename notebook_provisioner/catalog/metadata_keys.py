"""Instance metadata keys: which a fleet file may set, which it must not, and what to do instead."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from notebook_provisioner.catalog.provenance import Source

DOCUMENTED: Final = Source(
    "https://cloud.google.com/vertex-ai/docs/workbench/instances/manage-metadata", date(2026, 7, 13)
)
PROVIDER: Final = Source(
    "https://github.com/hashicorp/terraform-provider-google/blob/main/google/services/workbench/"
    "resource_workbench_instance.go",
    date(2026, 8, 21),
)

# Keys that a fleet file may set: Google documents them for users (the provider, the last one), they run no
# code and open no door, and no other key of the fleet file covers them. A key that is in no list of this
# module is refused: programs in the guest read metadata as root, and some run what they read.
ALLOWED: Final[Mapping[str, Source]] = {
    **dict.fromkeys(
        (
            "container-allow-fuse",
            "disable-mixer",
            "enable-jupyterlab4",
            "install-unattended-upgrades",
            "jupyter-user",
            "notebook-enable-delete-to-trash",
        ),
        DOCUMENTED,
    ),
    "geminicli-disabled": PROVIDER,
}

# Keys that Workbench sets itself: the API refuses them ("protected by Workbench Notebooks"), or overwrites
# them. The documentation's list says of itself that it is not complete; the provider ignores changes to more.
PROTECTED: Final[Mapping[str, Source]] = {
    **dict.fromkeys(
        (
            "agent-health-check-interval-seconds",
            "agent-health-check-path",
            "cos-update-strategy",
            "custom-container-image",
            "custom-container-payload",
            "data-disk-uri",
            "dataproc-allow-custom-clusters",
            "dataproc-cluster-name",
            "dataproc-configs",
            "dataproc-default-subnet",
            "dataproc-locations-list",
            "dataproc-machine-types-list",
            "dataproc-notebooks-url",
            "dataproc-region",
            "dataproc-service-account",
            "disable-check-xsrf",
            "euc-enabled",
            "framework",
            "generate-diagnostics-bucket",
            "generate-diagnostics-file",
            "generate-diagnostics-options",
            "google-logging-enabled",
            "image-url",
            "install-monitoring-agent",
            "installed-extensions",
            "last_updated_diagnostic",
            "last_updated_diagnostics",
            "notebooks-api",
            "notebooks-api-version",
            "notebooks-examples-location",
            "notebooks-location",
            "proxy-backend-id",
            "proxy-byoid-url",
            "proxy-mode",
            "proxy-status",
            "proxy-url",
            "proxy-user-mail",
            "report-container-health",
            "report-event-url",
            "report-notebook-metrics",
            "report-system-health",
            "report-system-status",
            "resource-url",
            "restriction",
            "service-account-mode",
            "shutdown-script",
            "title",
            "use-collaborative",
            "user-data",
            "version",
        ),
        DOCUMENTED,
    ),
    **dict.fromkeys(
        (
            "container",
            "disable-swap-binaries",
            "enable-euc",
            "enable-guest-attributes",
            "enable-oslogin",
            "instance-region",
            "proxy-registration-url",
        ),
        PROVIDER,
    ),
}

# Keys that run code, as root or beside the VM, or let people in past IAM: what to do instead.
CODE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("ssh-keys", "sshKeys"), "sign in through OS Login"),
    **dict.fromkeys(
        (
            "startup-script",
            "startup-script-url",
            "shutdown-script-url",
            "gce-container-declaration",
            "gce-software-declaration",
        ),
        "it would run code as root; the post-startup script is the place for that",
    ),
    "container-env-file": "variables choose which code runs, as LD_PRELOAD does; set them in the image",
    "container-custom-params": "with --privileged or -v /:/host a container is the whole VM",
    "enable-osconfig": "OS policies run code as root; the post-startup script is the place for that",
    "gateway-client-url": "kernels, and the data in them, would be on a server that no guardrail sees",
}

# Those, keys with a typed place in the fleet file, and keys that the notebook module decides: what to do
# instead.
TYPED: Final[Mapping[str, str]] = {
    "idle-timeout-seconds": "write idle_timeout_seconds",
    "post-startup-script": "it is rendered for each notebook",
    "post-startup-script-behavior": "write post_startup_behavior",
    "notebook-upgrade-schedule": "write upgrade, which wakes a stopped notebook first",
    **{
        f"notebook-disable-{what}": f"it is true unless there is an exemption for notebook-disable-{what}"
        for what in ("root", "downloads", "nbconvert", "terminal")
    },
    "install-nvidia-driver": "it is true for every profile with a gpu",
    "report-event-health": "it is true for every notebook",
    "block-project-ssh-keys": "it is true for every notebook",
    "serial-port-enable": "it is false for every notebook",
    "serial-port-logging-enable": "it is true for every notebook",
    **CODE,
}

KNOWN: Final = ALLOWED.keys() | PROTECTED.keys() | TYPED.keys()

# With managed end-user credentials Workbench owns these, too: the same source,
# WorkbenchInstanceEUCProvidedAdditionalMetadata.
EUC_OWNED: Final = frozenset(
    {
        "block-project-ssh-keys",
        "disable-ssh",
        "enable-oslogin",
        "euc-enabled",
        "gce-container-declaration",
        "gce-software-declaration",
        "serial-port-enable",
        "ssh-keys",
        "startup-script",
        "startup-script-url",
    }
)
