"""What Google serves in public, past the virtual IP: names that no allow-list may hold.

``google_public.json`` is the module network's own and says where its facts are from; a test compares both.
Google's public addresses are not kept: they change too often for a copy to tell anything.
"""

from typing import Final

from notebook_provisioner.catalog.reading import read

DOMAINS: Final[tuple[str, ...]] = tuple(read("google_public.json")["domains"])
"""Domains of Google's APIs and services besides those that lead to the virtual IP."""
