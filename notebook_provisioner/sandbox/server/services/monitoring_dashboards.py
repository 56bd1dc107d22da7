"""Cloud Monitoring's dashboards, which have an API version of their own."""

from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.context import numeric_id
from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.service import Resource, Service
from notebook_provisioner.sandbox.server.store import Document

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call

SERVICE = Service(
    api="monitoring",
    version="v1",
    proto_package="google.monitoring.dashboard.v1",
    not_emulated=("drawing; checks of a widget's filter; everything of v1 but dashboards",),
)


def _complete(call: "Call", dashboard: Document) -> None:
    del call
    if not dashboard.get("displayName"):
        raise invalid("A dashboard needs a displayName.")
    dashboard["etag"] = numeric_id()


def _refuse_stale(call: "Call", stored: Document, new: Document) -> None:
    if new.get("etag", stored["etag"]) != stored["etag"]:
        raise ApiError("ABORTED", "The dashboard was changed in the meantime: its etag is another.")
    _complete(call, new)


SERVICE.add(
    Resource(
        collection="projects.dashboards",
        identifier=lambda *_: numeric_id(),
        on_create=_complete,
        on_update=_refuse_stale,
    )
)
