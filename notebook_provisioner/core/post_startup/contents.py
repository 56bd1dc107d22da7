"""Files that the script writes on the notebook."""

import json
import shlex
from collections.abc import Mapping
from typing import Final

from notebook_provisioner.core.fleet.guest import AuditLog, Jupyter
from notebook_provisioner.core.post_startup.sync import SECRETS

JUPYTER_EVENTS: Final = (
    "notebook-provisioner-jupyter"  # their name in the journal; jupyter_events.py has it too
)
PROXY_HOST: Final = "@PROXY_HOST@"  # the script puts the notebook's own name at Google's proxy here


def jupyter_config(limits: Jupyter, *, terminals: bool, nbconvert: bool) -> str:
    """Jupyter Server's configuration, as JSON. Traits are those of jupyter_server 2 and nbconvert 7.

    ``ip`` is localhost and not 127.0.0.1: Google's proxy agent was seen on ``::1``. The port is left to the
    image. Host names other than loopback's are refused, and pages of other sites, so the proxy's must be
    listed.
    """
    megabyte = 1024 * 1024
    settings = {
        "ServerApp": {
            "ip": "localhost",
            "allow_remote_access": False,
            "allow_origin": f"https://{PROXY_HOST}",
            "local_hostnames": ["localhost", PROXY_HOST],
            "disable_check_xsrf": False,
            "terminals_enabled": terminals,
            "max_body_size": limits.max_body_mb * megabyte,
            "max_buffer_size": limits.max_body_mb * megabyte,
        },
        "PasswordIdentityProvider": {"allow_password_change": False},
        "ContentsManager": {"allow_hidden": False},
        "MappingKernelManager": {
            "cull_idle_timeout": limits.cull_idle_seconds,
            "cull_interval": min(300, limits.cull_idle_seconds // 2),
            "cull_connected": False,
            "cull_busy": False,
        },
        "ZMQChannelsWebsocketConnection": {
            "limit_rate": True,
            "iopub_msg_rate_limit": 1000,
            "iopub_data_rate_limit": 10 * megabyte,
        },
        "Exporter": {"enabled": nbconvert},
    }
    return json.dumps(settings, indent=2, sort_keys=True)


def ops_agent_config(wanted: AuditLog) -> str:
    """What the Ops Agent ships besides its built-in sources, as its ``config.yaml``.

    The identifiers of receivers become names of logs. The form is that of the agent's public examples; the
    agent itself has not read this one here.
    """
    receivers: dict[str, object] = {}
    pipelines: dict[str, object] = {}
    processors: dict[str, object] = {}
    if wanted.commands:
        receivers["notebook_commands"] = {"type": "files", "include_paths": ["/var/log/audit/audit.log"]}
        pipelines["notebook_commands"] = {"receivers": ["notebook_commands"]}
    if wanted.jupyter:
        receivers["notebook_jupyter"] = {"type": "systemd_journald"}
        others = f'NOT jsonPayload.SYSLOG_IDENTIFIER = "{JUPYTER_EVENTS}"'
        processors = {
            "notebook_jupyter_alone": {"type": "exclude_logs", "match_any": [others]},
            "notebook_jupyter_json": {"type": "parse_json", "field": "MESSAGE"},
        }
        pipelines["notebook_jupyter"] = {"receivers": ["notebook_jupyter"], "processors": list(processors)}
    logging = {"receivers": receivers, "processors": processors, "service": {"pipelines": pipelines}}
    # JSON is YAML.
    return f"# Written by notebook-provisioner.\n{json.dumps({'logging': logging}, indent=2)}"


def environment_file(variables: Mapping[str, str]) -> str:
    """Lines of ``NAME='value'``, which a shell and systemd's EnvironmentFile read alike."""
    lines = ["# Written by notebook-provisioner. No credentials: everybody may read this."]
    lines += [f"{name}={shlex.quote(value)}" for name, value in sorted(variables.items())]
    return "\n".join(lines)


IPYTHON_GUARD: Final = '''\
"""Written by notebook-provisioner: no shell from IPython. A guard rail, no boundary."""


def _guard(shell):
    def refuse(*_arguments, **_options):
        raise PermissionError("shell commands are switched off in this notebook; ask its administrators")

    shell.system = shell.system_raw = shell.system_piped = shell.getoutput = shell.getoutput_raw = refuse
    scripts = ("bash", "sh", "script", "perl", "ruby", "python", "python2", "python3", "pypy", "cmd", "js",
               "javascript_script", "!", "!!", "sx", "system")
    for name in scripts:
        shell.register_magic_function(refuse, "cell", name)
    for name in ("sc", "sx", "system", "!", "!!", "rehashx"):
        shell.register_magic_function(refuse, "line", name)


_guard(get_ipython())
del _guard
'''

GIT_IGNORE: Final = "\n".join((".ipynb_checkpoints/", *SECRETS))

STRIP_OUTPUTS: Final = '''\
#!/usr/bin/env python3
"""Written by notebook-provisioner: a git filter that takes outputs out of notebooks."""
import json
import sys

text = sys.stdin.buffer.read().decode("utf-8")
try:
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = []
            cell["execution_count"] = None
            cell.get("metadata", {}).pop("execution", None)
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\\n"
except (ValueError, KeyError, TypeError):
    pass  # no notebook: as it is
sys.stdout.buffer.write(text.encode("utf-8"))'''

CHECK_PACKAGES: Final = """\
import importlib.metadata
import sys

for wanted in sys.argv[1:]:
    name, _, version = wanted.partition("==")
    found = importlib.metadata.version(name.partition("[")[0])
    if found != version:
        sys.exit(f"{name} is {found}, not {version}")"""
