"""Which GPUs go with which machine types, and which machines encrypt their memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from notebook_provisioner.catalog.provenance import Source

_GPUS: Final = Source("https://cloud.google.com/compute/docs/gpus", date(2026, 11, 21))
_GPUS_UNVERIFIED: Final = Source(_GPUS.url, _GPUS.read, verified=False)
_SEV: Final = Source(
    "https://cloud.google.com/confidential-computing/confidential-vm/docs/supported-configurations",
    date(2026, 11, 21),
)
_SEV_UNVERIFIED: Final = Source(_SEV.url, _SEV.read, verified=False)


@dataclass(frozen=True, slots=True)
class AttachableGpu:
    """A GPU that is attached to N1 machines.

    Attributes:
        type: The Notebooks API's name (AcceleratorConfig.type in the discovery document notebooks.v2).
        counts: How many may be attached, to one machine or another.
        source: Where that is said.
    """

    type: str
    counts: tuple[int, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class BuiltInGpu:
    """The GPUs that a machine type comes with.

    Attributes:
        machine_type: The Compute Engine machine type.
        type: The Notebooks API's name for its GPUs.
        count: How many it has; no other count is possible.
        source: Where that is said.
    """

    machine_type: str
    type: str
    count: int
    source: Source


@dataclass(frozen=True, slots=True)
class ConfidentialSeries:
    """A machine series that can encrypt memory with AMD SEV.

    Attributes:
        series: The first part of its machine types' names.
        source: Where that is said.
    """

    series: str
    source: Source


ATTACHABLE_GPUS: Final[Mapping[str, AttachableGpu]] = {
    row.type: row
    for row in (
        AttachableGpu("NVIDIA_TESLA_T4", (1, 2, 4), _GPUS_UNVERIFIED),
        AttachableGpu("NVIDIA_TESLA_T4_VWS", (1, 2, 4), _GPUS_UNVERIFIED),
        AttachableGpu("NVIDIA_TESLA_P4", (1, 2, 4), _GPUS_UNVERIFIED),
        AttachableGpu("NVIDIA_TESLA_P4_VWS", (1, 2, 4), _GPUS_UNVERIFIED),
        AttachableGpu("NVIDIA_TESLA_P100", (1, 2, 4), _GPUS_UNVERIFIED),
        AttachableGpu("NVIDIA_TESLA_P100_VWS", (1, 2, 4), _GPUS_UNVERIFIED),
        AttachableGpu("NVIDIA_TESLA_V100", (1, 2, 4, 8), _GPUS_UNVERIFIED),
    )
}

ATTACHABLE_SERIES: Final = "n1"  # its shared-core types, f1-micro and g1-small, take no GPU

BUILT_IN_GPUS: Final[Mapping[str, BuiltInGpu]] = {
    row.machine_type: row
    for row in (
        *(BuiltInGpu(f"a2-highgpu-{count}g", "NVIDIA_TESLA_A100", count, _GPUS) for count in (1, 2, 4, 8)),
        BuiltInGpu("a2-megagpu-16g", "NVIDIA_TESLA_A100", 16, _GPUS),
        *(BuiltInGpu(f"a2-ultragpu-{count}g", "NVIDIA_A100_80GB", count, _GPUS) for count in (1, 2, 4, 8)),
        *(BuiltInGpu(f"a3-highgpu-{count}g", "NVIDIA_H100_80GB", count, _GPUS) for count in (1, 2, 4, 8)),
        BuiltInGpu("a3-edgegpu-8g", "NVIDIA_H100_80GB", 8, _GPUS),
        BuiltInGpu("a3-megagpu-8g", "NVIDIA_H100_MEGA_80GB", 8, _GPUS),
        BuiltInGpu("a3-ultragpu-8g", "NVIDIA_H200_141GB", 8, _GPUS),
        BuiltInGpu("a4-highgpu-8g", "NVIDIA_B200", 8, _GPUS),
        *(BuiltInGpu(f"g2-standard-{cpus}", "NVIDIA_L4", 1, _GPUS) for cpus in (4, 8, 12, 16)),
        BuiltInGpu("g2-standard-24", "NVIDIA_L4", 2, _GPUS),
        BuiltInGpu("g2-standard-32", "NVIDIA_L4", 1, _GPUS),
        BuiltInGpu("g2-standard-48", "NVIDIA_L4", 4, _GPUS),
        BuiltInGpu("g2-standard-96", "NVIDIA_L4", 8, _GPUS),
        BuiltInGpu("g4-standard-48", "NVIDIA_RTX6000", 1, _GPUS),
        BuiltInGpu("g4-standard-96", "NVIDIA_RTX6000", 2, _GPUS),
        BuiltInGpu("g4-standard-192", "NVIDIA_RTX6000", 4, _GPUS),
        BuiltInGpu("g4-standard-384", "NVIDIA_RTX6000", 8, _GPUS),
    )
}

CONFIDENTIAL_SERIES: Final[Mapping[str, ConfidentialSeries]] = {
    row.series: row
    for row in (
        ConfidentialSeries("n2d", _SEV),
        ConfidentialSeries("c2d", _SEV),
        ConfidentialSeries("c3d", _SEV_UNVERIFIED),
        ConfidentialSeries("c4d", _SEV_UNVERIFIED),
    )
}


def series(machine_type: str) -> str:
    """The machine series: ``n2`` of ``n2-standard-8``."""
    return machine_type.partition("-")[0]
