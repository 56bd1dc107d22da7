"""What stands in for ``gcloud compute ssh`` on the sandbox: ``python -m notebook_provisioner.sandbox.ssh``.

Takes the arguments that gcloud would get, and answers for a simulated machine's flag of c2d-startup. No shell
runs, and nothing else is answered: the machine is simulated.

Environment: NBP_SANDBOX_URL and NBP_SANDBOX_TOKEN.
"""

import http.client
import json
import os
import sys
from typing import Any, Final

LOCK: Final = "/root/google_vm_config.lock"
_FAILED: Final = 1


def main(arguments: list[str]) -> int:
    """Answer one command.

    Returns:
        The exit status.
    """
    options = dict(item.removeprefix("--").partition("=")[::2] for item in arguments if item.startswith("--"))
    words = [item for item in arguments if not item.startswith("--")]
    if words[:2] != ["compute", "ssh"] or len(words) != 3:  # noqa: PLR2004  # and the machine's name
        return _fail("only 'compute ssh NAME' is answered")
    instance = f"projects/{options.get('project')}/locations/{options.get('zone')}/instances/{words[2]}"
    command = options.get("command", "")
    if LOCK not in command:
        return _fail("the sandbox's machines are simulated: only c2d-startup's flag can be asked for")
    if "rm -f" in command or "touch" in command:
        _ask("POST", {"instance": instance, "lock": "touch" in command})
    found = next((guest for guest in _ask("GET")["guests"] if guest["instance"] == instance), None)
    if found is None:
        return _fail(f"{instance} has never booted")
    flag = f"nbp-flag {LOCK}\n" if found["lock"] else ""
    sys.stdout.write(f"{flag}nbp-unit enabled\nnbp-c2d yes\n")
    return 0


def _ask(method: str, body: Any = None) -> Any:  # noqa: ANN401  # JSON
    host, _, port = os.environ["NBP_SANDBOX_URL"].removeprefix("http://").partition(":")
    client = http.client.HTTPConnection(host, int(port), timeout=30)
    try:
        headers = {"Authorization": f"Bearer {os.environ['NBP_SANDBOX_TOKEN']}"}
        client.request(method, "/sandbox/v1/guests", None if body is None else json.dumps(body), headers)
        return json.loads(client.getresponse().read())
    finally:
        client.close()


def _fail(words: str) -> int:
    sys.stderr.write(f"{words}\n")
    return _FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
