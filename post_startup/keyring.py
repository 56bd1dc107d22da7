#!/usr/bin/python3 -I
"""Written by notebook-provisioner: what pip asks for a password, in place of the program keyring.

``keyring get SERVICE oauth2accesstoken`` prints a token of the notebook's service account where SERVICE is a
Python repository of Artifact Registry, and nothing for any other. Newer pips put two options before it, and
read name and token from JSON. The token comes from the metadata server each time and lasts an hour at most;
nothing is kept.
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.request
from urllib.parse import urlsplit

HOST = os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
TOKEN = f"http://{HOST}/computeMetadata/v1/instance/service-accounts/default/token"
USER = "oauth2accesstoken"
REGISTRY = re.compile(r"[a-z0-9-]+-python\.pkg\.dev")
ARGUMENTS = 3
TIMEOUT_SECONDS = 20


def main(words: list[str]) -> int:
    """Answer; 1 where there is no password, as keyring has it."""
    wants_json = words[:2] == ["--mode=creds", "--output=json"]
    if wants_json:
        words = words[2:]
        if len(words) == ARGUMENTS - 1:
            words = [*words, USER]  # the name is asked for, too
    if len(words) != ARGUMENTS or words[0] != "get" or words[2] != USER:
        return 1
    service = words[1] if "://" in words[1] else f"https://{words[1]}"
    if not REGISTRY.fullmatch(urlsplit(service).hostname or ""):
        return 1
    request = urllib.request.Request(TOKEN, headers={"Metadata-Flavor": "Google"})  # our own address
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({})
    )  # the metadata server is behind none
    with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
        token = json.load(answer)["access_token"]
    print(json.dumps({"username": USER, "password": token}) if wants_json else token)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
