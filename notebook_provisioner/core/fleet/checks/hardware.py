"""Machines, GPUs, images and disks: what goes together."""

from collections.abc import Iterator

from notebook_provisioner.catalog import images as image_rules
from notebook_provisioner.catalog import machines
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.checks.context import Context
from notebook_provisioner.core.fleet.profile import BootDisk, Gpu, Profile
from notebook_provisioner.core.fleet.source import Path


def gpus(context: Context) -> Iterator[Finding]:
    """A profile's GPU is one that its machine type takes, in a number that it takes."""
    for name, profile in context.fleet.profiles.items():
        path = ("profiles", name)
        built_in = machines.BUILT_IN_GPUS.get(profile.machine_type)
        if built_in is not None:
            yield from _built_in_gpu(context, path, profile.gpu, built_in)
        elif profile.gpu is not None:
            yield from _attached_gpu(context, path, profile.machine_type, profile.gpu)


def _built_in_gpu(
    context: Context, path: Path, gpu: Gpu | None, built_in: machines.BuiltInGpu
) -> Iterator[Finding]:
    remedy = f"write gpu: {{type: {built_in.type}, count: {built_in.count}}}"
    comes_with = f"{built_in.machine_type} comes with {built_in.count} {built_in.type}"
    if gpu is None:
        yield context.error("gpu-missing", (*path, "machine_type"), f"{comes_with}; gpu is missing", remedy)
    elif gpu.type != built_in.type:
        said = f"{comes_with}, not {gpu.type}"
        yield context.error("gpu-machine-type", (*path, "gpu", "type"), said, remedy)
    elif gpu.count != built_in.count:
        yield context.error("gpu-count", (*path, "gpu", "count"), f"{comes_with}, not {gpu.count}", remedy)


def _attached_gpu(context: Context, path: Path, machine_type: str, gpu: Gpu) -> Iterator[Finding]:
    row = machines.ATTACHABLE_GPUS.get(gpu.type)
    if row is None:
        fitting = [m.machine_type for m in machines.BUILT_IN_GPUS.values() if m.type == gpu.type]
        said = f"{gpu.type} does not go with {machine_type}"
        remedy = f"write machine_type: {' | '.join(fitting)}"
        yield context.error("gpu-machine-type", (*path, "machine_type"), said, remedy)
        return
    if machines.series(machine_type) != machines.ATTACHABLE_SERIES:
        said = f"{gpu.type} goes with N1 machines, not with {machine_type}"
        yield context.error("gpu-machine-type", (*path, "machine_type"), said, "write an n1-… machine type")
    if gpu.count not in row.counts:
        said = f"{gpu.count} {gpu.type} cannot be attached, as far as is known"
        remedy = f"write count: {' | '.join(map(str, row.counts))}"
        # A warning only: the catalogue's counts are not verified.
        yield context.warning("gpu-count", (*path, "gpu", "count"), said, remedy)


def confidential_compute(context: Context) -> Iterator[Finding]:
    """Memory encryption needs a processor that can, and takes no GPU."""
    for name, profile in context.fleet.profiles.items():
        if profile.confidential_compute is None:
            continue
        path = ("profiles", name)
        if profile.gpu is not None:
            said = f"{profile.confidential_compute} does not go with GPUs"
            remedy = "take out gpu or confidential_compute"
            yield context.error("confidential-gpu", (*path, "confidential_compute"), said, remedy, key=True)
        if machines.series(profile.machine_type) not in machines.CONFIDENTIAL_SERIES:
            said = f"{profile.machine_type} cannot do {profile.confidential_compute}"
            remedy = f"write a machine type of {' | '.join(machines.CONFIDENTIAL_SERIES)}"
            yield context.error("confidential-machine-type", (*path, "machine_type"), said, remedy)


def images(context: Context) -> Iterator[Finding]:
    """A profile has one image, and Google still supports it."""
    for name, profile in context.fleet.profiles.items():
        path = ("profiles", name)
        if profile.image is None:
            continue
        if profile.container is not None:
            said = "image and container exclude each other"
            yield context.error("two-images", (*path, "image"), said, "keep one of them", key=True)
        if (profile.image.family is None) == (profile.image.name is None):
            said = "an image is a family or a name, exactly one of them"
            remedy = f"write family: {image_rules.CURRENT_FAMILY}, or the name of one image"
            yield context.error("image-choice", (*path, "image"), said, remedy)
        elif _family(profile) == image_rules.LEGACY_FAMILY:
            said = f"support for {image_rules.LEGACY_FAMILY} ends in {image_rules.LEGACY_SUPPORT_ENDS:%B %Y}"
            remedy = f"write family: {image_rules.CURRENT_FAMILY}"
            yield context.warning("legacy-image", (*path, "image"), said, remedy)


def _family(profile: Profile) -> str | None:
    """The family of a profile's Google image, where it is named or the image's name tells it."""
    image = profile.image
    if image is None or image.project != image_rules.PROJECT:
        return None
    told = image_rules.family_and_date(image.name) if image.name else None
    return told[0] if told else image.family


def boot_disks(context: Context) -> Iterator[Finding]:
    """Google recommends a size for the boot disk."""
    recommended = BootDisk().size_gb
    for name, profile in context.fleet.profiles.items():
        if profile.boot_disk.size_gb < recommended:
            path = ("profiles", name, "boot_disk", "size_gb")
            said = f"{profile.boot_disk.size_gb} GB is less than Google recommends"
            yield context.warning("small-boot-disk", path, said, f"write {recommended} or more")


def secure_boot_with_gpus(context: Context) -> Iterator[Finding]:
    """GPU drivers are signed for Secure Boot only in newer images of the current family."""
    since = image_rules.SECURE_BOOT_WITH_GPU_SINCE
    remedy = (
        f"write image: {{family: {image_rules.CURRENT_FAMILY}}}, or an image of it from {since} on, "
        "or add an exemption for secure-boot"
    )
    for _, _, notebook in context.resolved:
        profile = notebook.profile
        if profile.gpu is None or notebook.is_exempt("secure-boot"):
            continue
        if profile.image is not None and profile.image.family is profile.image.name is None:
            continue  # `images` says so
        path = ("profiles", notebook.profile_name, "image")
        if profile.image is None or profile.image.project != image_rules.PROJECT:
            said = "whether GPUs boot with Secure Boot from this image is not known"
            place = path if profile.image else (*path[:2], "container")
            yield context.warning("secure-boot-gpu-unknown", place, said, "try it, or exempt secure-boot")
            continue
        told = image_rules.family_and_date(profile.image.name) if profile.image.name else None
        family, built = told or (profile.image.family, None)
        if family != image_rules.CURRENT_FAMILY or (built is not None and built < since):
            said = f"GPUs do not boot with Secure Boot from {profile.image.name or family}"
            yield context.error("secure-boot-gpu", path, said, remedy)
