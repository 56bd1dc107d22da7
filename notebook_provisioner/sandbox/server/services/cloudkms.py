"""Cloud KMS: key rings, keys and their versions: rotated, destroyed and restored as sandbox time goes on.

Key rings and keys are never deleted, as at Google until 2026: their names stay taken.
"""

from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server.clock import moment_of, rfc3339
from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.service import GENERIC_VERBS, Resource, Service, drop_keys
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context

SERVICE = Service(
    api="cloudkms",
    version="v1",
    proto_package="google.cloud.kms.v1",
    not_emulated=(
        "cryptography: no call encrypts, decrypts or signs; there is no key material",
        "deletion of key rings, keys and versions; import jobs; external and HSM keys",
    ),
)

_KEYS: Final = "projects.locations.keyRings.cryptoKeys"
_VERSIONS: Final = f"{_KEYS}.cryptoKeyVersions"
_VERBS: Final = GENERIC_VERBS - {"delete"}
_DAY: Final = 86_400  # seconds
_DESTROYED_AFTER: Final = f"{30 * _DAY}s"  # https://cloud.google.com/kms/docs/destroy-restore
_ALGORITHM: Final = "GOOGLE_SYMMETRIC_ENCRYPTION"
_ROTATE, _DESTROY = "cloudkms.v1.rotate", "cloudkms.v1.destroy"


def _complete_key(call: "Call", key: Document) -> None:
    name = str(key["name"])
    call.load(Key.of("cloudkms", name.rpartition("/cryptoKeys/")[0]))
    if key.get("purpose", "CRYPTO_KEY_PURPOSE_UNSPECIFIED") == "CRYPTO_KEY_PURPOSE_UNSPECIFIED":
        raise invalid("A key needs a purpose: ENCRYPT_DECRYPT, …")
    template = {"protectionLevel": "SOFTWARE", **key.get("versionTemplate", {})}
    if key["purpose"] == "ENCRYPT_DECRYPT":
        template.setdefault("algorithm", _ALGORITHM)
    elif "algorithm" not in template:
        raise invalid(f"A key for {key['purpose']} needs versionTemplate.algorithm.")
    key["versionTemplate"] = template
    key.setdefault("destroyScheduledDuration", _DESTROYED_AFTER)
    _check_rotation(call, key, key)
    if not call.query.get("skipInitialVersionCreation"):
        key["primary"] = _new_version(call.context, key)["name"]


def _check_rotation(call: "Call", _: Document, key: Document) -> None:
    period, moment = key.get("rotationPeriod"), key.get("nextRotationTime")
    if not period:
        return
    if key["purpose"] != "ENCRYPT_DECRYPT":
        raise invalid("Only keys for ENCRYPT_DECRYPT rotate by themselves.")
    if _seconds(period) < _DAY:
        raise invalid(f"rotationPeriod must be at least {_DAY}s, not {period}.")
    if not moment:
        raise invalid("rotationPeriod needs nextRotationTime.")
    call.context.later(moment_of(moment) - call.clock.now(), _ROTATE, {"key": key["name"], "at": moment})


def _shown(context: "Context", key: Document) -> Document:
    """A key with a copy of its primary version, as the API shows it."""
    primary = context.store.get(Key.of("cloudkms", str(key["primary"]))) if "primary" in key else None
    return {**drop_keys(key, "primary"), **({"primary": primary} if primary else {})}


SERVICE.add(
    Resource(collection="projects.locations.keyRings", verbs=_VERBS),
    Resource(collection=_KEYS, verbs=_VERBS, on_create=_complete_key, on_update=_check_rotation, view=_shown),
    Resource(collection=_VERSIONS, verbs=frozenset({"get", "list"})),
)


@SERVICE.method(f"{_VERSIONS}.create")
def create_version(call: "Call") -> Document:
    """Add a version to a key; it does not become the primary one."""
    return _new_version(call.context, call.load())


@SERVICE.method(f"{_VERSIONS}.patch")
def patch_version(call: "Call") -> Document:
    """Enable or disable a version."""
    state = call.body.get("state")
    if state not in {"ENABLED", "DISABLED"}:
        raise invalid("A version is set to ENABLED or DISABLED; to end it, destroy it.")
    _require_state(call, "ENABLED", "DISABLED")
    return _changed(call, state=state)


@SERVICE.method(f"{_VERSIONS}.destroy")
def destroy_version(call: "Call") -> Document:
    """Schedule a version's end."""
    _require_state(call, "ENABLED", "DISABLED")
    key = call.load(Key.of("cloudkms", call.match.name.rpartition("/cryptoKeyVersions/")[0]))
    seconds = _seconds(str(key["destroyScheduledDuration"]))
    moment = rfc3339(call.clock.now() + seconds)
    call.context.later(seconds, _DESTROY, {"version": call.match.name, "at": moment})
    return _changed(call, state="DESTROY_SCHEDULED", destroyTime=moment)


@SERVICE.method(f"{_VERSIONS}.restore")
def restore_version(call: "Call") -> Document:
    """Take a version's scheduled end back; it is disabled then."""
    _require_state(call, "DESTROY_SCHEDULED")
    version = drop_keys(call.load(), "destroyTime") | {"state": "DISABLED"}
    call.store.put(call.key, version)
    return version


@SERVICE.method(f"{_KEYS}.updatePrimaryVersion")
def update_primary(call: "Call") -> Document:
    """Make another version the primary one."""
    name = f"{call.match.name}/cryptoKeyVersions/{call.body.get('cryptoKeyVersionId')}"
    call.load(Key.of("cloudkms", name))
    key = call.load() | {"primary": name}
    call.store.put(call.key, key)
    return _shown(call.context, key)


@SERVICE.effect("rotate")
def rotate(context: "Context", arguments: Document) -> None:
    """Give a key a new primary version and plan the next one, unless its rotation was changed meanwhile."""
    place = Key.of("cloudkms", arguments["key"])
    key = context.store.get(place)
    if key is None or key.get("nextRotationTime") != arguments["at"]:
        return
    period = _seconds(str(key["rotationPeriod"]))
    key["primary"] = _new_version(context, key)["name"]
    key["nextRotationTime"] = rfc3339(context.clock.now() + period)
    context.store.put(place, key)
    context.later(period, _ROTATE, {"key": arguments["key"], "at": key["nextRotationTime"]})


@SERVICE.effect("destroy")
def destroy(context: "Context", arguments: Document) -> None:
    """End a version whose time has come, unless it was restored."""
    place = Key.of("cloudkms", arguments["version"])
    version = context.store.get(place)
    if version and version.get("destroyTime") == arguments["at"]:
        ended = drop_keys(version, "destroyTime") | {
            "state": "DESTROYED",
            "destroyEventTime": rfc3339(context.clock.now()),
        }
        context.store.put(place, ended)


def _new_version(context: "Context", key: Document) -> Document:
    collection = f"{key['name']}/cryptoKeyVersions"
    number = len(context.store.page("cloudkms", collection)) + 1
    now = rfc3339(context.clock.now())
    version = {
        "name": f"{collection}/{number}",
        "state": "ENABLED",
        "protectionLevel": key["versionTemplate"]["protectionLevel"],
        "algorithm": key["versionTemplate"]["algorithm"],
        "createTime": now,
        "generateTime": now,
    }
    context.store.put(Key("cloudkms", collection, str(number)), version, created=context.clock.now())
    return version


def _require_state(call: "Call", *states: str) -> None:
    state = call.load()["state"]
    if state not in states:
        message = f"{call.match.name} is in state {state}; it must be {' or '.join(states)}."
        raise ApiError("FAILED_PRECONDITION", message)


def _changed(call: "Call", **fields: str) -> Document:
    version = call.load() | fields
    call.store.put(call.key, version)
    return version


def _seconds(duration: str) -> float:
    """Seconds of a protobuf duration: ``7776000s``."""
    return float(duration.removesuffix("s"))
