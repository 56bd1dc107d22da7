"""Where things are: a subset of Google's regions, zones, machine, disk and accelerator types.

Names and sizes are Google's (https://cloud.google.com/compute/docs/regions-zones, …/machine-resource,
…/gpus); the lists are short on purpose, and every zone has all types, which is not so at Google.
"""

from dataclasses import dataclass

_LETTERS = {
    "asia-east1": "abc",
    "asia-northeast1": "abc",
    "asia-southeast1": "abc",
    "australia-southeast1": "abc",
    "europe-north1": "abc",
    "europe-west1": "bcd",
    "europe-west2": "abc",
    "europe-west3": "abc",
    "europe-west4": "abc",
    "europe-west6": "abc",
    "europe-west9": "abc",
    "northamerica-northeast1": "abc",
    "us-central1": "abcf",
    "us-east1": "bcd",
    "us-east4": "abc",
    "us-west1": "abc",
    "us-west2": "abc",
}
REGIONS: dict[str, tuple[str, ...]] = {
    region: tuple(f"{region}-{letter}" for letter in letters) for region, letters in _LETTERS.items()
}
"""Zones by region."""
ZONES: dict[str, str] = {zone: region for region, zones in REGIONS.items() for zone in zones}
"""Region by zone."""


@dataclass(frozen=True, slots=True)
class MachineType:
    """A machine type.

    Attributes:
        name: ``e2-standard-4``.
        cpus: Virtual CPUs.
        memory_mb: Memory in MB.
        gpu: Accelerator type that comes with it, or None.
        gpus: Number of them.
    """

    name: str
    cpus: int
    memory_mb: int
    gpu: str | None = None
    gpus: int = 0


def _series(name: str, memory_mb_per_cpu: int, cpus: tuple[int, ...]) -> list[MachineType]:
    return [MachineType(f"{name}-{count}", count, count * memory_mb_per_cpu) for count in cpus]


_ALL = [
    MachineType("e2-micro", 2, 1024),
    MachineType("e2-small", 2, 2048),
    MachineType("e2-medium", 2, 4096),
    *_series("e2-standard", 4096, (2, 4, 8, 16, 32)),
    *_series("e2-highmem", 8192, (2, 4, 8, 16)),
    *_series("e2-highcpu", 1024, (2, 4, 8, 16, 32)),
    *_series("n1-standard", 3840, (1, 2, 4, 8, 16, 32, 64, 96)),
    *_series("n1-highmem", 6656, (2, 4, 8, 16, 32, 64, 96)),
    *_series("n2-standard", 4096, (2, 4, 8, 16, 32, 48, 64, 80, 96, 128)),
    *_series("n2-highmem", 8192, (2, 4, 8, 16, 32, 48, 64, 80, 96, 128)),
    *_series("n2d-standard", 4096, (2, 4, 8, 16, 32, 48, 64, 80, 96, 128, 224)),
    *_series("c2-standard", 4096, (4, 8, 16, 30, 60)),
    MachineType("g2-standard-4", 4, 16384, "nvidia-l4", 1),
    MachineType("g2-standard-8", 8, 32768, "nvidia-l4", 1),
    MachineType("g2-standard-12", 12, 49152, "nvidia-l4", 1),
    MachineType("g2-standard-24", 24, 98304, "nvidia-l4", 2),
    MachineType("g2-standard-48", 48, 196608, "nvidia-l4", 4),
    MachineType("a2-highgpu-1g", 12, 87040, "nvidia-tesla-a100", 1),
    MachineType("a2-highgpu-2g", 24, 174080, "nvidia-tesla-a100", 2),
    MachineType("a2-highgpu-4g", 48, 348160, "nvidia-tesla-a100", 4),
    MachineType("a2-highgpu-8g", 96, 696320, "nvidia-tesla-a100", 8),
]
MACHINE_TYPES: dict[str, MachineType] = {machine.name: machine for machine in _ALL}

DISK_TYPES: dict[str, str] = {
    "pd-standard": "10GB-65536GB",
    "pd-balanced": "10GB-65536GB",
    "pd-ssd": "10GB-65536GB",
    "pd-extreme": "500GB-65536GB",
    "hyperdisk-balanced": "4GB-65536GB",
}
"""Sizes by disk type."""

ACCELERATORS: dict[str, int] = {
    "nvidia-tesla-t4": 4,
    "nvidia-tesla-v100": 8,
    "nvidia-tesla-p100": 4,
    "nvidia-tesla-p4": 4,
    "nvidia-tesla-a100": 16,
    "nvidia-a100-80gb": 8,
    "nvidia-l4": 8,
}
"""Most cards per VM by accelerator type."""
