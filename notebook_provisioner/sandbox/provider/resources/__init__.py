"""The resource types: how each maps onto its API, one module a service."""
