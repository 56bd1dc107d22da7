"""What a notebook runs on: machine, GPUs, disks, image."""

from typing import Annotated, Literal

from pydantic import Field

from notebook_provisioner.catalog import images
from notebook_provisioner.core.fleet import names
from notebook_provisioner.core.fleet.base import Model

GpuType = Literal[
    "NVIDIA_TESLA_T4",
    "NVIDIA_TESLA_P4",
    "NVIDIA_TESLA_P100",
    "NVIDIA_TESLA_V100",
    "NVIDIA_L4",
    "NVIDIA_RTX6000",
    "NVIDIA_TESLA_A100",
    "NVIDIA_A100_80GB",
    "NVIDIA_H100_80GB",
    "NVIDIA_H100_MEGA_80GB",
    "NVIDIA_H200_141GB",
    "NVIDIA_B200",
    "NVIDIA_TESLA_T4_VWS",
    "NVIDIA_TESLA_P4_VWS",
    "NVIDIA_TESLA_P100_VWS",
]
DiskType = Literal[
    "PD_STANDARD",
    "PD_BALANCED",
    "PD_SSD",
    "PD_EXTREME",
    "HYPERDISK_BALANCED",
    "HYPERDISK_BALANCED_HIGH_AVAILABILITY",
    "HYPERDISK_ML",
]

DiskSize = Annotated[int, Field(ge=10, le=64_000)]


class Gpu(Model):
    """GPUs of one kind."""

    type: GpuType
    """The Notebooks API's name for it."""
    count: Annotated[int, Field(ge=1, le=16)] = 1
    """How many; each machine type allows certain counts."""


class BootDisk(Model):
    """The system's disk, replaced by every upgrade."""

    size_gb: DiskSize = 150
    """GB; Google recommends 150."""
    type: DiskType = "PD_BALANCED"
    """The kind of disk."""


class DataDisk(Model):
    """The user's disk, kept by every upgrade."""

    size_gb: DiskSize = 100
    """GB; it can grow later, never shrink."""
    type: DiskType = "PD_BALANCED"
    """The kind of disk."""


class Image(Model):
    """A VM image: a family, whose newest is taken, or one image by name."""

    project: names.ProjectId = images.PROJECT
    """The project that holds it."""
    family: names.ImageName | None = None
    """The family; this or `name`."""
    name: names.ImageName | None = None
    """The image; this or `family`."""


class Container(Model):
    """A container image, run on Google's host image in place of a VM image."""

    repository: names.ContainerRepository
    """Where it is, without tag."""
    tag: names.ContainerTag = "latest"
    """Its tag."""


class Profile(Model):
    """What a notebook runs on."""

    machine_type: names.MachineType
    """The Compute Engine machine type."""
    gpu: Gpu | None = None
    """GPUs, where there are any."""
    boot_disk: BootDisk = BootDisk()
    """The system's disk."""
    data_disk: DataDisk = DataDisk()
    """The user's disk."""
    image: Image | None = None
    """The VM image; by default the newest of Google's current family. Not together with `container`."""
    container: Container | None = None
    """A container image. Not together with `image`."""
    confidential_compute: Literal["SEV"] | None = None
    """Memory encryption by the processor."""
