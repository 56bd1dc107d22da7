"""A notebook that is well."""

from notebook_provisioner.core.upgrades.observed import Instance

INSTANCE = Instance(
    zone="europe-west1-b",
    name="ana",
    state="ACTIVE",
    health="HEALTHY",
    health_info={"jupyterlab_status": "1", "system_health": "1"},
    labels={},
    metadata={},
    history=(),
    container=False,
    data_disks=1,
)
