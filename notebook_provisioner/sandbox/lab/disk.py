"""A machine's boot disk: a folder that is its root, made from what the host may show and nothing else.

The root is built up from an allow-list, not masked down from the host's: what is not named here is not there.
Programs come from the host's /usr, as the lower layer of an overlay; /usr/local and the rest stay outside.
"""

import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from notebook_provisioner.core.errors import InvalidInput
from notebook_provisioner.sandbox.lab.facts import Identity, ImageKind

GUEST: Final = Path(__file__).parent / "guest"
JUPYTER_ID: Final = 1000
METADATA_ADDRESS: Final = "169.254.169.254"

_MERGED: Final = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")  # links into /usr on a current system
_FOLDERS: Final = (
    *("dev", "etc", "home", "media", "mnt", "opt/c2d/scripts", "opt/nbp-lab", "proc", "root", "run", "srv"),
    *("sys", "tmp", "usr/local", "var/cache", "var/lib/nbp-lab", "var/log", "var/spool", "var/tmp"),
    *("etc/apt/apt.conf.d", "etc/sudoers.d", "etc/systemd/system/multi-user.target.wants", "etc/profile.d"),
    "opt/google-cloud-sdk/bin",
)
_ETC: Final = (  # public, and needed by the programs in /usr; no host keys, no accounts, no package sources
    *("adduser.conf", "alternatives", "bash.bashrc", "ca-certificates", "ca-certificates.conf"),
    *("debian_version", "deluser.conf", "dpkg", "gai.conf", "host.conf", "ld.so.cache", "ld.so.conf"),
    *("ld.so.conf.d", "localtime", "login.defs", "logrotate.d", "mime.types", "nsswitch.conf", "os-release"),
    *("pam.conf", "pam.d", "profile", "protocols", "rpc", "security", "services", "shells", "skel"),
    *("ssl/certs", "ssl/openssl.cnf", "terminfo", "timezone"),
)
_FIRST_USER_ID: Final = 1000
_NOBODY: Final = 65534
_GROUPS: Final = ("adm", "docker", "google-sudoers")  # the jupyter account's, unless root is off
_LOCKS: Final = {
    ImageKind.WORKBENCH: "/root/google_vm_config.lock",
    ImageKind.USER_MANAGED: "/root/google_vm_config.lock",
    ImageKind.UPSTREAM: "/var/lock/google_vm_config.lock",
}


def lock_file(kind: ImageKind) -> str:
    """Where c2d-startup leaves its flag on such an image."""
    return _LOCKS[kind]


def overlays() -> tuple[str, ...]:
    """Folders of the host that are lower layers of the machine's, relative to the root."""
    candidates = ("usr", *_MERGED, "var/lib/dpkg")
    return tuple(
        name for name in candidates if (Path("/") / name).is_dir() and not (Path("/") / name).is_symlink()
    )


def make(
    root: Path, identity: Identity, kind: ImageKind, *, jupyter_user: str, is_root_disabled: bool
) -> None:
    """Make a boot disk as an image leaves it, before any boot.

    Args:
        root: An empty folder.
        identity: Who the machine is.
        kind: What its image does at a boot.
        jupyter_user: The account that notebooks run as.
        is_root_disabled: Whether that account is kept out of the groups that amount to root.
    """
    for name in _FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in (*overlays(), f"home/{jupyter_user}"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "root").chmod(0o700)
    for name in ("tmp", "var/tmp"):
        (root / name).chmod(0o1777)
    for name in _MERGED:
        link = Path("/") / name
        if link.is_symlink():
            (root / name).symlink_to(link.readlink())
    (root / "var/run").symlink_to("/run")
    (root / "var/lock").symlink_to("/run/lock")
    _copy_settings(root / "etc")
    _write_accounts(root / "etc", jupyter_user, () if is_root_disabled else _GROUPS)
    _write_names(root / "etc", identity)
    _install_boot_programs(root, kind)


def put(root: Path, files: Mapping[str, bytes]) -> None:
    """Put files onto a boot disk that has never booted; executable if they begin with ``#!``.

    Raises:
        InvalidInput: A path is not absolute and plain.
    """
    for name, content in files.items():
        parts = Path(name).parts
        if not name.startswith("/") or ".." in parts:
            raise InvalidInput(f"{name} is no place on a boot disk", hint="an absolute path without ..")
        path = root.joinpath(*parts[1:])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755 if content.startswith(b"#!") else 0o644)


def mount_points(home: str) -> tuple[str, ...]:
    """Every folder that is mounted over at a boot, in that order, relative to the root."""
    return (*overlays(), "usr/local", home, "run", "tmp", "dev", "proc")


def mount_point(root: Path, name: str) -> Path:
    """A folder under *root* that may be mounted over, reached through no symbolic link.

    The machine's root wrote what is there, and the mount follows links on the host's side.

    Raises:
        InvalidInput: There is something else in its place.
    """
    path = root
    for part in Path(name).parts:
        path /= part
        if path.is_symlink() or not path.is_dir():
            raise InvalidInput(f"the machine's /{name} is no folder any more", hint="replace its boot disk")
    return path


def _copy_settings(etc: Path) -> None:
    for name in _ETC:
        source, target = Path("/etc") / name, etc / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            target.symlink_to(source.readlink())
        elif source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        elif source.is_file():
            shutil.copy2(source, target)


def _write_accounts(etc: Path, user: str, groups: Iterable[str]) -> None:
    """System accounts as on the host, by number; people's accounts only this one. No password opens any."""
    passwd = _system_lines(Path("/etc/passwd"), lambda fields: int(fields[2]))
    passwd.append(f"{user}:x:{JUPYTER_ID}:{JUPYTER_ID}::/home/{user}:/bin/bash")
    group = {
        line.split(":")[0]: line for line in _system_lines(Path("/etc/group"), lambda fields: int(fields[2]))
    }
    for number, name in enumerate(groups, JUPYTER_ID + 1):
        group[name] = f"{name}:x:{group[name].split(':')[2] if name in group else number}:{user}"
    group[user] = f"{user}:x:{JUPYTER_ID}:"
    (etc / "passwd").write_text("\n".join(passwd) + "\n", encoding="utf-8")
    (etc / "group").write_text("\n".join(group.values()) + "\n", encoding="utf-8")
    shadow = [f"{line.split(':')[0]}:*:20000:0:99999:7:::" for line in passwd]
    (etc / "shadow").write_text("\n".join(shadow) + "\n", encoding="utf-8")
    (etc / "shadow").chmod(0o600)
    if groups:
        sudoers = etc / "sudoers.d" / "google_sudoers"
        sudoers.write_text("%google-sudoers ALL=(ALL:ALL) NOPASSWD:ALL\n", encoding="ascii")
        sudoers.chmod(0o440)


def _system_lines(path: Path, number: Callable[[list[str]], int]) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split(":") for line in lines if line and not line.startswith(("#", "+", "-"))]
    return [
        ":".join([*row[:3], "", *row[4:]] if path.name == "group" else row)
        for row in rows
        if number(row) < _FIRST_USER_ID or number(row) == _NOBODY
    ]


def _write_names(etc: Path, identity: Identity) -> None:
    (etc / "hostname").write_text(f"{identity.name}\n", encoding="ascii")
    (etc / "machine-id").write_text(f"{secrets.token_hex(16)}\n", encoding="ascii")
    (etc / "resolv.conf").write_text(f"nameserver {METADATA_ADDRESS}\n", encoding="ascii")
    (etc / "hosts").write_text(
        f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {identity.name}\n"
        f"{METADATA_ADDRESS} metadata.google.internal metadata\n"
        f"{METADATA_ADDRESS} storage.googleapis.com # the lab's own, without TLS\n",
        encoding="ascii",
    )


def _install_boot_programs(root: Path, kind: ImageKind) -> None:
    places = {
        "init.sh": "opt/nbp-lab/init.sh",
        "library.sh": "opt/nbp-lab/library.sh",
        "post-startup.sh": "opt/nbp-lab/post-startup.sh",
        "c2d-startup.sh": "opt/c2d/c2d-startup",
        "gcloud.sh": "opt/google-cloud-sdk/bin/gcloud",
    }
    if kind is ImageKind.USER_MANAGED:
        places["97-run-post-startup-script.sh"] = "opt/c2d/scripts/97-run-post-startup-script.sh"
    for source, target in places.items():
        shutil.copyfile(GUEST / source, root / target)
        (root / target).chmod(0o755)
    unit = root / "etc/systemd/system/google-c2d-startup.service"
    unit.write_text(
        "[Unit]\nDescription=Google C2D Startup\n\n[Service]\nType=oneshot\nExecStart=/opt/c2d/c2d-startup\n"
        "\n[Install]\nWantedBy=multi-user.target\n",
        encoding="ascii",
    )
    (unit.parent / "multi-user.target.wants" / unit.name).symlink_to(f"/{unit.relative_to(root)}")
