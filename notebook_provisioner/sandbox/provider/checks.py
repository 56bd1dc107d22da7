"""Checks of single values that hashicorp/google makes in code; the schema names them as the source does."""

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from typing import Final

from notebook_provisioner.sandbox.provider.values import Value

_GCE_NAME: Final = r"^(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)$"
_RFC1035_NAME: Final = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"
_ROLE_ID: Final = r"^[a-zA-Z0-9_\.]{3,64}$"
_MEMBER: Final = r".+:.+|projectOwners|projectReaders|projectWriters|allUsers|allAuthenticatedUsers"
_HOUR: Final = r"^([01]?\d|2[0-3]):00$"
_ROTATION: Final = re.compile(r"([0-9.]*\d)s")
_DAY_SECONDS: Final = 86400.0
_PARTNER_ASN: Final = 16550


def failed(check: str, value: Value) -> str | None:
    """What is wrong with a value, or None; a check without an entry here passes everything."""
    decide = _CHECKS.get(check)
    return decide(value) if decide else None


def _matching(pattern: str) -> Callable[[Value], str | None]:
    def decide(value: Value) -> str | None:
        return None if re.search(pattern, value) else f'"{value}" doesn\'t match regexp "{pattern}"'

    return decide


def _cidr(value: Value) -> str | None:
    try:
        ipaddress.ip_interface(value)
    except ValueError:
        return f"{value} is not a valid IP CIDR range"
    return None if "/" in value else f"{value} is not a valid IP CIDR range"


def _json(value: Value) -> str | None:
    try:
        json.loads(value)
    except ValueError as error:
        return f"contains an invalid JSON: {error}"
    return None


def _member(value: Value) -> str | None:
    if value.startswith("deleted"):
        return "Terraform does not support IAM members for deleted principals"
    if re.search(_MEMBER, value):
        return None
    return f'invalid value "{value}": write TYPE:IDENTITY, such as user:ana@example.com'


def _rotation(value: Value) -> str | None:
    match = _ROTATION.fullmatch(value)
    if value and match is None:
        return f"Invalid rotation period format: {value}"
    return (
        "Rotation period must be greater than one day" if match and float(match[1]) < _DAY_SECONDS else None
    )


def _trailing_dot(value: Value) -> str | None:
    return None if value.endswith(".") else f'"{value}" doesn\'t end with ".", for example test.example.com.'


def _service(value: Value) -> str | None:
    return None if "." in value else f"expected {value} to be a domain like serviceusage.googleapis.com"


def _asn(value: Value) -> str | None:
    private = 64512 <= value <= 65534 or 4200000000 <= value <= 4294967294  # noqa: PLR2004 - RFC 6996
    return (
        None if private or value == _PARTNER_ASN else f"expected a RFC6996-compliant Local ASN, got {value}"
    )


def _hour(value: Value) -> str | None:
    return None if re.search(_HOUR, value) else f"must be in the format HH:00, got: {value}"


def _not_empty(value: Value) -> str | None:
    return None if value else "expected not to be an empty string"


_CHECKS: Final[Mapping[str, Callable[[Value], str | None]]] = {
    "IsCIDR": _cidr,
    "StringIsJSON": _json,
    "StringIsNotEmpty": _not_empty,
    "ValidateGCEName": _matching(_GCE_NAME),
    "ValidateHourlyOnly": _hour,
    "ValidateIAMCustomRoleID": _matching(_ROLE_ID),
    "ValidateIpCidrRange": _cidr,
    "ValidateRFC1035Name": _matching(_RFC1035_NAME),
    "ValidateRFC6996Asn": _asn,
    "validateIAMMember": _member,
    "validateKmsCryptoKeyRotationPeriod": _rotation,
    "validateProjectServiceService": _service,
    "validateRecordNameTrailingDot": _trailing_dot,
}
