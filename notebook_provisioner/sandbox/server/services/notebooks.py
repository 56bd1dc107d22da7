"""Notebooks v2."""

from notebook_provisioner.sandbox.server.service import Resource, Service

SERVICE = Service(api="notebooks", version="v2", proto_package="google.cloud.notebooks.v2")
SERVICE.add(Resource(collection="projects.locations.instances"))
