"""What Google serves in public, past the virtual IP: names that no allow-list may hold.

``google_public.json`` is the module network's own and says where its facts are from; a test compares both.
Google's public addresses are not kept: they change too often for a copy to tell anything.
"""

import json
from importlib import resources
from typing import Final

DOMAINS: Final[tuple[str, ...]] = tuple(
    json.loads(resources.files(__package__).joinpath("google_public.json").read_text(encoding="utf-8"))[
        "domains"
    ]
)
"""Domains of Google's APIs and services besides those that lead to the virtual IP."""
