#!/bin/bash
# Post-startup script of notebook everything, rendered by notebook-provisioner 1.2.3.
# fleet-sha256: 53f54a787dbe5289b3ff33af3e6f3cf9b79b0baa33c94ad9378b64c9d731adb6 (what the fleet file says about this notebook)
# body-sha256: c91e579a97e32e12074622ccb2520e01d0489ca39aa8134af659d7b977e4a362 (this script without this line)
# Do not edit: nbp apply replaces it.
#
# shellcheck disable=SC2310 # functions that stand in conditions return their answer, and rely on no set -e
# shellcheck disable=SC2016 # what stands in single quotes is data, and is not to expand
#
# Runs as root. Bash reads a script while it runs it, so everything stands in functions and nothing happens
# before the last line is there: a download that was cut short does nothing.
set -Eeuo pipefail
shopt -s inherit_errexit
umask 077

readonly NOTEBOOK=everything
readonly VERSION=1.2.3
readonly FLEET_SHA256=53f54a787dbe5289b3ff33af3e6f3cf9b79b0baa33c94ad9378b64c9d731adb6
readonly IMAGE=debian-11
readonly ACCOUNT=jupyter
readonly ACCOUNT_HOME=/home/jupyter
readonly ON_FAILURE=stop-jupyter
readonly ETC=/etc
readonly LIBRARY=/usr/local/lib/notebook-provisioner

# --- report: say how far the script came, where people and nbp look ---
# Guest attributes are readable by everyone who may see the VM, and so is the serial console: no secrets.
readonly METADATA=http://metadata.google.internal/computeMetadata/v1/instance
readonly STATUS_URL=${METADATA}/guest-attributes/notebook-provisioner/status
readonly TURN_FILE=/run/lock/notebook-provisioner
readonly LOG_FILE=/var/log/notebook-provisioner/post-startup.log
readonly CONSOLE=/dev/ttyS0

STEP=start
STATE=
LINE=0
RESULT=
RESULTS=
HARDENING=false
HEARD=true
SCRIPT_SHA256=
RUN=

say() {
  local words="notebook-provisioner: $*" now
  now=$(date --utc +%Y-%m-%dT%H:%M:%SZ)
  printf '%s\n' "${words}"
  printf '%s %s\n' "${now}" "${words}" >>"${LOG_FILE}" || true
  if [[ -w ${CONSOLE} ]]; then
    printf '%s\r\n' "${words}" >"${CONSOLE}" || true
  fi
}

# What a program prints goes to the log alone: the console is readable by more people.
quietly() {
  "$@" >>"${LOG_FILE}" 2>&1
}

# Two runs at once would undo each other's work. The lock goes with the process, however that ends.
take_turn() {
  mkdir -p "${LOG_FILE%/*}"
  exec 9>"${TURN_FILE}"
  if ! flock --nonblock 9; then
    say "another run is at work on ${NOTEBOOK}; this one ends"
    exit 75
  fi
  # Tells this run from the one before, which may have run the same script in the same second.
  read -r RUN </proc/sys/kernel/random/uuid
}

# The file's digest is the name of the object that it was downloaded from.
verify_self() {
  local file=${BASH_SOURCE[0]:-} stated found
  if [[ ! -f ${file} ]]; then
    say "the script was not started from a file: its digest is not known"
    return 0
  fi
  SCRIPT_SHA256=$(sha256sum "${file}" | cut --delimiter=' ' --fields=1)
  stated=$(sed --quiet '4s/^# body-sha256: \([0-9a-f]*\).*/\1/p;4q' "${file}")
  found=$(sed 4d "${file}" | sha256sum | cut --delimiter=' ' --fields=1)
  [[ ${found} == "${stated}" ]] || fail "this script was changed after it was rendered"
}

# report STATE [EXIT_STATUS]: to the guest attribute notebook-provisioner/status, as one JSON object.
report() {
  STATE=$1
  local status=${2:-0} now body
  now=$(date --utc +%Y-%m-%dT%H:%M:%SZ)
  printf -v body '{"run":"%s","state":"%s","step":"%s","line":%d,"exit":%d,"version":"%s","fleet_sha256":"%s","script_sha256":"%s","image":"%s","steps":{ %s},"at":"%s"}' \
    "${RUN}" "${STATE}" "${STEP}" "${LINE}" "${status}" "${VERSION}" "${FLEET_SHA256}" "${SCRIPT_SHA256}" \
    "${IMAGE_FOUND:-}" "${RESULTS}" "${now}"
  if [[ ${STATE} != RUNNING ]]; then
    say "${body}"
  elif [[ ${HEARD} == false ]]; then
    return 0
  fi
  # A notebook that cannot report must still be hardened: this failure is told to the console only.
  if curl --silent --show-error --fail --max-time 10 --retry 3 --request PUT \
    --header 'Metadata-Flavor: Google' --data "${body}" "${STATUS_URL}" >>"${LOG_FILE}" 2>&1; then
    HEARD=true
  else
    HEARD=false
    say "the metadata server did not take the report"
  fi
}

# The first line that failed is the cause; bash tells its callers' lines after it.
failed() {
  [[ ${LINE} -ne 0 ]] || LINE=$1
}

# fail WORDS: end the script with an ERROR at the caller's line.
fail() {
  [[ ${LINE} -ne 0 ]] || LINE=${BASH_LINENO[0]}
  say "ERROR in step ${STEP}: $*"
  exit 1
}

# skip WORDS: the step has nothing to do here.
skip() {
  RESULT=skipped
  say "step ${STEP} skipped: $*"
}

# run_step ID HARDENING IMAGES FUNCTION
run_step() {
  STEP=$1
  HARDENING=$2
  RESULT='done'
  if [[ " $3 " == *" ${IMAGE_FOUND} "* ]]; then
    say "step ${STEP}"
    "$4"
  else
    skip "it is for $3, not for ${IMAGE_FOUND}"
  fi
  RESULTS+="${RESULTS:+,}\"${STEP}\":\"${RESULT}\""
  HARDENING=false
  report RUNNING
}

ended() {
  local status=$1
  trap - ERR EXIT
  if [[ ${STATE} != COMPLETE ]]; then
    RESULTS+="${RESULTS:+,}\"${STEP}\":\"error\""
    report ERROR "${status}"
    if [[ ${HARDENING} == true && ${ON_FAILURE} == stop-jupyter ]]; then
      say "the notebook is not hardened as asked: Jupyter is stopped until this script succeeds"
      quietly systemctl stop jupyter.service || say "ERROR: Jupyter could not be stopped"
    fi
    [[ ${status} -ne 0 ]] || status=1
  fi
  exit "${status}"
}

# --- files: what steps share ---
readonly SYSTEMD=/run/systemd/system # there where systemd runs: sd_booted(3)
# There while something changed that Jupyter reads when it starts: it outlives a run that fails before the restart,
# and goes with a reboot, which restarts Jupyter too.
readonly RESTART_FILE=/run/notebook-provisioner-restart
IMAGE_FOUND=

find_image() {
  IMAGE_FOUND=${IMAGE}
  if [[ ${IMAGE} == unknown ]]; then
    # An image of one's own: what it is made from decides.
    IMAGE_FOUND=$(sed --quiet 's/^VERSION_ID="\{0,1\}\([0-9]*\)"\{0,1\}$/debian-\1/p' "${ETC}/os-release")
    [[ ${IMAGE_FOUND} == debian-11 || ${IMAGE_FOUND} == debian-12 ]] ||
      fail "this image is neither Debian 11 nor Debian 12, which is all that this script knows"
  fi
}

# write_file PATH MODE [restart]: standard input becomes the file, whole or not at all; nothing happens where it is that
# already. With "restart", a change asks for one of Jupyter.
write_file() {
  local path=$1 mode=$2 fresh
  [[ -d ${path%/*} ]] || install --directory --mode=0755 "${path%/*}"
  fresh=$(mktemp "${path}.XXXXXX")
  cat >"${fresh}"
  chmod "${mode}" "${fresh}"
  if [[ ! -L ${path} ]] && cmp --silent "${fresh}" "${path}" && same_mode "${fresh}" "${path}"; then
    rm "${fresh}"
  else
    mv --force --no-target-directory "${fresh}" "${path}"
    if [[ ${3:-} == restart ]]; then
      : >"${RESTART_FILE}"
    fi
  fi
  same_owner "${path}" || fail "${path} does not belong to whoever runs this script"
}

# take_away PATH [restart]: what an earlier script wrote there, if it says so itself; whether it was there.
take_away() {
  [[ -f $1 ]] || return 1
  grep --quiet 'ritten by notebook-provisioner' "$1" || return 1
  rm "$1"
  say "took $1 away"
  if [[ ${2:-} == restart ]]; then
    : >"${RESTART_FILE}"
  fi
}

same_mode() {
  local one other
  one=$(stat --format=%a "$1")
  other=$(stat --format=%a "$2")
  [[ ${one} == "${other}" ]]
}

same_owner() {
  local owner
  owner=$(stat --format=%u "$1")
  [[ ${owner} == "${EUID}" ]]
}

# as_account PROGRAM…: as the Jupyter account, with its home and nothing of root's environment.
as_account() {
  runuser --user "${ACCOUNT}" -- env --ignore-environment --chdir="${ACCOUNT_HOME}" HOME="${ACCOUNT_HOME}" \
    USER="${ACCOUNT}" LOGNAME="${ACCOUNT}" LANG=C.UTF-8 PATH=/usr/local/bin:/usr/bin:/bin "$@"
}

systemd_runs() {
  [[ -d ${SYSTEMD} ]]
}

# Where systemd does not run, systemctl says that it ignores a request, and ends well. A unit that has no file
# of its own, but our drop-in, is none.
has_unit() {
  local file
  systemd_runs || return 1
  file=$(systemctl show --property=FragmentPath --value "$1") || return 1
  [[ -n ${file} ]]
}

# python_of_account: the Python that notebooks use. Where Google's images keep it is unverified but for
# envs/jupyterlab, so it is looked for.
python_of_account() {
  local candidate
  for candidate in /opt/conda/bin/python3 /opt/conda/envs/jupyterlab/bin/python3 /usr/bin/python3; do
    if [[ -x ${candidate} ]]; then
      printf '%s' "${candidate}"
      return 0
    fi
  done
  return 1
}

# --- data-disk: The user's files are on the disk that upgrades keep. ---
# The disk is not in /etc/fstab: on user-managed notebooks /opt/c2d/scripts/00-setup-api-services.sh mounts it,
# and Workbench instances are taken to do alike (unverified).
step_data_disk() {
  local source
  if ! source=$(findmnt --noheadings --output SOURCE --mountpoint "${ACCOUNT_HOME}"); then
    fail "no disk is mounted at ${ACCOUNT_HOME}: what is written there would be lost with the next upgrade." \
      "It is no entry of /etc/fstab; look at /opt/c2d/scripts/00-setup-api-services.sh and its log"
  fi
  say "${ACCOUNT_HOME} is on ${source}"
}

# --- account: The Jupyter account has no way to root, by sudo or by Docker. ---
step_account() {
  getent passwd "${ACCOUNT}" >/dev/null || fail "there is no account ${ACCOUNT}"
  local group allowed
  for group in sudo google-sudoers adm docker lxd; do
    if in_group "${group}"; then
      : >"${RESTART_FILE}" # a running server keeps the groups that it was started with
      quietly gpasswd --delete "${ACCOUNT}" "${group}"
      say "took ${ACCOUNT} out of the group ${group}"
    fi
    ! in_group "${group}" || fail "${ACCOUNT} is in the group ${group}, and could not be taken out"
  done
  if command -v sudo >/dev/null; then
    # sudo tells in English with LC_ALL=C; everything but its plain refusal counts as allowed.
    allowed=$(LC_ALL=C sudo --non-interactive --list --other-user="${ACCOUNT}" 2>&1) || true
    [[ ${allowed} == *"is not allowed to run sudo"* ]] || fail "a file in /etc/sudoers.d lets ${ACCOUNT} use sudo"
  fi
  if [[ -S /var/run/docker.sock ]] && as_account test -w /var/run/docker.sock; then
    fail "${ACCOUNT} can write to Docker's socket, which equals root"
  fi
}

in_group() {
  local groups
  groups=$(id --name --groups "${ACCOUNT}") || fail "the groups of ${ACCOUNT} are not known"
  [[ " ${groups} " == *" $1 "* ]]
}

# --- environment: Network, key and buckets are variables that users read, and no credentials. ---
# One KEY="value" a line: systemd's form, and the shell's.
step_environment() {
  write_file "${ETC}/notebook-provisioner/environment" 0644 restart <<<'# Written by notebook-provisioner. No credentials: everybody may read this.
FEATURE_STORE='"'"'O'"'"'"'"'"'"'"'"'Brien'"'"'"'"'"'"'"'"'s $(store)'"'"'
NOTEBOOK_FLEET=golden
NOTEBOOK_KMS_KEY=projects/acme-keys/locations/europe-west4/keyRings/notebooks/cryptoKeys/golden
NOTEBOOK_NAME=everything
NOTEBOOK_NETWORK=shared-vpc
NOTEBOOK_PROJECT=acme-notebooks
NOTEBOOK_REGION=europe-west4
NOTEBOOK_SUBNET=notebooks
NOTEBOOK_SYNC_BUCKET=acme-notebooks-golden-everything-sync
NOTEBOOK_ZONE=europe-west4-a'
}

# --- package-index: pip and conda ask one index that is ours, and no public one. ---
# Settings of the whole machine. A user may still name another index on a command line: the network refuses it.
readonly PROGRAMS=/usr/local/bin # in the account's PATH, where pip looks for keyring

step_package_index() {
  local shown python index=https://oauth2accesstoken@europe-west4-python.pkg.dev/acme/pypi/simple
  local helper="${PROGRAMS}/keyring" token
  if [[ -e ${helper} ]] && ! grep --quiet 'Written by notebook-provisioner' "${helper}"; then
    fail "${helper} is somebody else's, and pip would ask it for a password"
  fi
  write_file "${helper}" 0755 <<<'#!/usr/bin/python3 -I
"""Written by notebook-provisioner: what pip asks for a password, in place of the program keyring.

``keyring get SERVICE oauth2accesstoken`` prints a token of the notebook'"'"'s service account where SERVICE is a
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
    sys.exit(main(sys.argv[1:]))'
  token=$(as_account "${helper}" get "${index}" oauth2accesstoken 2>>"${LOG_FILE}") || token=
  [[ -n ${token} ]] || fail "the metadata server gives no token for ${index}; see ${LOG_FILE}"
  # The name in the address is no secret; pip asks for its password every time.
  printf '[global]\nindex-url = %s\nextra-index-url =\nkeyring-provider = subprocess\n' "${index}" |
    write_file "${ETC}/pip.conf" 0644
  if python=$(python_of_account) && as_account "${python}" -m pip --version >/dev/null 2>&1; then
    shown=$(as_account "${python}" -m pip config get global.index-url)
    [[ ${shown} == "${index}" ]] || fail "pip uses ${shown}, set somewhere else than ${ETC}/pip.conf"
  else
    say "pip was not found; ${ETC}/pip.conf waits for it"
  fi
  {
    # "#!final" keeps a user's .condarc from adding channels.
    printf 'channels: #!final\n  - %s #!final\n' https://conda.acme.example/main
    printf 'default_channels: #!final\n  - %s #!final\n' https://conda.acme.example/main
    printf 'override_channels_enabled: false #!final\n'
  } | write_file "${ETC}/conda/condarc" 0644
}

# --- unattended-upgrades: Security updates of the system come by themselves, where asked for. ---
step_unattended_upgrades() {
  local shown
  command -v unattended-upgrade >/dev/null || fail "the package unattended-upgrades is not installed"
  printf 'APT::Periodic::%s "1";\n' Update-Package-Lists Unattended-Upgrade |
    write_file "${ETC}/apt/apt.conf.d/95notebook-provisioner" 0644
  shown=$(apt-config dump APT::Periodic::Unattended-Upgrade)
  [[ ${shown} == *'"1";' ]] || fail "apt says ${shown}: another file in apt.conf.d turns upgrades off"
}

# --- audit-log: What is done in the notebook is recorded where its user cannot take it back, and shipped. ---
readonly AUDIT_RULES="${ETC}/audit/rules.d/50-notebook-provisioner.rules"

step_audit_log() {
  local events="${ETC}/notebook-provisioner/jupyter/jupyter_server_config.py"
  write_file "${events}" 0644 restart <<<'"""Written by notebook-provisioner: Jupyter'"'"'s events go to the system'"'"'s journal, line by line as JSON.

What the journal has taken, the Jupyter account cannot take back; it can write what is not so.
"""

import logging.handlers
import socket

_handler = logging.handlers.SysLogHandler(
    address="/dev/log", facility=logging.handlers.SysLogHandler.LOG_AUTHPRIV, socktype=socket.SOCK_DGRAM
)
_handler.ident = "notebook-provisioner-jupyter: "
_handler.append_nul = False
c.EventLogger.handlers = [_handler]  # noqa: F821  # traitlets puts c there'
  local number
  number=$(id --user "${ACCOUNT}") || fail "there is no account ${ACCOUNT}"
  if systemd_runs && ! command -v augenrules >/dev/null; then
    quietly env DEBIAN_FRONTEND=noninteractive timeout 600 \
      apt-get install --yes --no-install-recommends auditd ||
      fail "the package auditd is not installed, and could not be: build it into the image, or let Debian's mirror in"
  fi
  {
    printf '# Written by notebook-provisioner.\n'
    printf -- '-a always,exit -F arch=%s -S execve -S execveat -F uid=%d -k notebook-commands\n' \
      b64 "${number}" b32 "${number}"
  } | write_file "${AUDIT_RULES}" 0640
  ship
}

readonly OPS_AGENT="${ETC}/google-cloud-ops-agent/config.yaml"

ship() {
  if [[ -e ${OPS_AGENT} ]]; then
    grep --quiet '^# Written by notebook-provisioner' "${OPS_AGENT}" ||
      ! grep --quiet '^[^#]*[^#[:space:]]' "${OPS_AGENT}" ||
      fail "${OPS_AGENT} holds settings of somebody else"
  fi
  write_file "${OPS_AGENT}" 0644 <<<'# Written by notebook-provisioner.
{
  "logging": {
    "receivers": {
      "notebook_commands": {
        "type": "files",
        "include_paths": [
          "/var/log/audit/audit.log"
        ]
      },
      "notebook_jupyter": {
        "type": "systemd_journald"
      }
    },
    "processors": {
      "notebook_jupyter_alone": {
        "type": "exclude_logs",
        "match_any": [
          "NOT jsonPayload.SYSLOG_IDENTIFIER = \"notebook-provisioner-jupyter\""
        ]
      },
      "notebook_jupyter_json": {
        "type": "parse_json",
        "field": "MESSAGE"
      }
    },
    "service": {
      "pipelines": {
        "notebook_commands": {
          "receivers": [
            "notebook_commands"
          ]
        },
        "notebook_jupyter": {
          "receivers": [
            "notebook_jupyter"
          ],
          "processors": [
            "notebook_jupyter_alone",
            "notebook_jupyter_json"
          ]
        }
      }
    }
  }
}'
  if ! systemd_runs; then
    skip "systemd does not run here: nothing is recorded or shipped, and the settings wait in ${ETC}"
    return 0
  fi
  local rules
  quietly augenrules --load || fail "the kernel does not take the rules for commands"
  quietly systemctl is-active auditd.service || fail "auditd does not run: nothing keeps the records"
  rules=$(auditctl -l) || fail "the kernel does not tell its rules"
  [[ ${rules} == *notebook-commands* ]] || fail "the kernel has no rule for commands"
  has_unit google-cloud-ops-agent.service ||
    fail "Google's Ops Agent is not installed: build it into the image, or have an OS policy install it"
  quietly systemctl restart google-cloud-ops-agent.service || fail "the Ops Agent does not take ${OPS_AGENT}"
  quietly systemctl is-active google-cloud-ops-agent.service || fail "the Ops Agent does not run"
}

# --- ipython: IPython starts no shell, where asked for. ---
# A start-up file in a system-wide folder runs in every IPython, whatever a user's profile says; files in the
# user's own start-up folder run after it, and could undo it.
step_ipython() {
  local file="${ETC}/ipython/startup/00-notebook-provisioner.py"
  local own="${ACCOUNT_HOME}/.ipython/profile_default/startup" python found
  write_file "${file}" 0644 restart <<<'"""Written by notebook-provisioner: no shell from IPython. A guard rail, no boundary."""


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
'
  python=$(python_of_account) || fail "there is no Python to check ${file} with"
  quietly "${python}" -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' "${file}" ||
    fail "${file} is no Python"
  if [[ -d ${own} ]]; then
    found=$(find "${own}" -maxdepth 1 -name '*.py' -o -maxdepth 1 -name '*.ipy')
    [[ -z ${found} ]] || fail "there are start-up files in ${own}, which run after the block and could undo it"
  fi
}

# --- jupyter-server: The Jupyter server answers loopback only, and refuses what the fleet file refuses. ---
# Our folder goes before every other of Jupyter's configuration folders, the user's among them; arguments of
# the unit still win, so what counts is what the server answers. jupyter.service and port 8080 are known from a
# Debian 11 image's log; on other images they are unverified, and looked for.
readonly JUPYTER_URL=http://127.0.0.1:8080

step_jupyter_server() {
  local folder="${ETC}/notebook-provisioner/jupyter" config host=localhost running=false
  config='{
  "ContentsManager": {
    "allow_hidden": false
  },
  "Exporter": {
    "enabled": false
  },
  "MappingKernelManager": {
    "cull_busy": false,
    "cull_connected": false,
    "cull_idle_timeout": 1800,
    "cull_interval": 300
  },
  "PasswordIdentityProvider": {
    "allow_password_change": false
  },
  "ServerApp": {
    "allow_origin": "https://@PROXY_HOST@",
    "allow_remote_access": false,
    "disable_check_xsrf": false,
    "ip": "localhost",
    "local_hostnames": [
      "localhost",
      "@PROXY_HOST@"
    ],
    "max_body_size": 67108864,
    "max_buffer_size": 67108864,
    "terminals_enabled": false
  },
  "ZMQChannelsWebsocketConnection": {
    "iopub_data_rate_limit": 10485760,
    "iopub_msg_rate_limit": 1000,
    "limit_rate": true
  }
}'
  if host=$(proxy_host); then
    say "requests for ${host} are let in, which is what the proxy asks for"
  else
    host=localhost
    say "the notebook has no proxy-url yet: requests for loopback names alone are let in"
  fi
  write_file "${folder}/jupyter_server_config.json" 0644 restart <<<"${config//@PROXY_HOST@/${host}}"
  write_file "${ETC}/systemd/system/jupyter.service.d/50-notebook-provisioner.conf" 0644 restart <<EOF
[Service]
Environment=JUPYTER_CONFIG_PATH=${folder}
EnvironmentFile=-${ETC}/notebook-provisioner/environment
EOF
  if has_unit jupyter.service; then
    if [[ -e ${RESTART_FILE} ]] || ! systemctl is-active --quiet jupyter.service; then
      quietly systemctl daemon-reload
      quietly systemctl restart jupyter.service
      rm --force "${RESTART_FILE}"
      say "restarted Jupyter"
    fi
    running=true
  fi
  if [[ ${running} == false ]] && ! answers; then
    skip "no Jupyter runs on this machine; its configuration waits in ${folder}"
    return 0
  fi
  wait_for_jupyter
  verify_jupyter
}

# proxy_host: the name by which Google's proxy knows this notebook, from its metadata.
proxy_host() {
  local url
  url=$(curl --silent --fail --max-time 10 --header 'Metadata-Flavor: Google' \
    "${METADATA}/attributes/proxy-url") || return 1
  url=${url#https://}
  url=${url%%/*}
  [[ ${url} =~ ^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$ ]] || return 1
  printf '%s' "${url}"
}

# status_of CURL-ARGUMENT…: the HTTP status, 000 where there is no answer.
status_of() {
  curl --silent --output /dev/null --max-time 10 --write-out '%{http_code}' "$@" || true
}

answers() {
  local status
  status=$(status_of "${JUPYTER_URL}/api")
  [[ ${status} == 200 ]]
}

wait_for_jupyter() {
  local second
  for ((second = 0; second < 120; second += 2)); do
    if answers; then
      return 0
    fi
    sleep 2
  done
  fail "Jupyter does not answer at ${JUPYTER_URL}/api"
}

verify_jupyter() {
  local status listeners exporters
  listeners=$(ss --no-header --listening --numeric --tcp 'sport = :8080' | awk '{print $4}' |
    sed '/^127\.0\.0\.1:/d;/^\[::1\]:/d;/^\[::ffff:127\.0\.0\.1\]:/d')
  [[ -z ${listeners} ]] || fail "Jupyter listens at ${listeners}, which is not loopback"
  status=$(status_of --header 'Host: attacker.invalid' "${JUPYTER_URL}/api")
  [[ ${status} == 403 ]] || fail "a request for a foreign host got ${status} in place of 403"
  status=$(status_of --header 'Origin: https://attacker.invalid' "${JUPYTER_URL}/api")
  [[ ${status} == 404 ]] || fail "a request of another site's page got ${status} in place of 404"
  status=$(status_of "${JUPYTER_URL}/api/status")
  [[ ${status} != 403 ]] ||
    say "Jupyter asks for a login: what stands behind it is configured, and was not tried"
  # Without the cross-site token; the kernel does not exist, so that nothing happens where it is let in.
  status=$(status_of --request POST "${JUPYTER_URL}/api/kernels/00000000-0000-0000-0000-000000000000/interrupt")
  [[ ${status} == 403 ]] || fail "a request without cross-site token got ${status} in place of 403"
  status=$(status_of "${JUPYTER_URL}/api/terminals")
  [[ ${status} == 404 || ${status} == 403 ]] || fail "terminals answer with ${status} in place of 404"
  exporters=$(curl --silent --max-time 60 "${JUPYTER_URL}/api/nbconvert") || exporters=
  [[ ${exporters} == "{}" || ${exporters} == *'"message"'* ]] || fail "nbconvert offers exports still"
}

# --- activity: Whoever upgrades or restarts the notebook is told whether kernels are at work, and what space is left. ---
readonly ACTIVITY=notebook-provisioner-activity

step_activity() {
  local program="${LIBRARY}/activity.py" python
  python=$(command -v python3) || fail "python3 is not installed"
  write_file "${program}" 0644 <<<'"""Tell outside how many kernels are at work, and how much space is left on the data disk.

Runs on the notebook as the Jupyter account, started by a timer: ``activity.py HOME``. Standard library alone,
and Python 3.9, which Debian 11 has. Jupyter answers on its loopback port without a token, as it does to the
image'"'"'s own idle check. The user of the notebook could write a false report: it guards their own kernels.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import sys
import urllib.error
import urllib.request
from typing import Any

KERNELS = os.environ.get("NBP_JUPYTER", "http://127.0.0.1:8080") + "/api/kernels"
METADATA = "http://{}/computeMetadata/v1/".format(
    os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
)
ATTRIBUTE = "instance/guest-attributes/notebook-provisioner/activity"
TIMEOUT_SECONDS = 10
MIB = 1024 * 1024


def main(home: str) -> int:
    """Look and tell; gives the exit status. Where Jupyter does not answer, nothing is told: nobody knows."""
    try:
        kernels = ask(KERNELS)
    except (urllib.error.URLError, OSError, ValueError) as error:
        print(f"Jupyter does not say which kernels there are: {error}", file=sys.stderr)
        return 1
    words = report(kernels, shutil.disk_usage(home).free, dt.datetime.now(dt.timezone.utc))
    print(words)
    try:
        tell(words)
    except (urllib.error.URLError, OSError) as error:
        print(f"the metadata server did not take the report: {error}", file=sys.stderr)
        return 1
    return 0


def report(kernels: list[dict[str, Any]], free: int, now: dt.datetime) -> str:
    """What is told, as JSON.

    Args:
        kernels: Jupyter'"'"'s answer to ``/api/kernels``.
        free: Bytes left on the data disk.
        now: The present, with a time zone.
    """
    busy = sum(kernel.get("execution_state") == "busy" for kernel in kernels)
    told = {"kernels": len(kernels), "busy": busy, "data_free_mib": free // MIB}
    return json.dumps({**told, "at": now.isoformat(timespec="seconds")})


def ask(url: str) -> list[dict[str, Any]]:
    """The JSON at *url*, which is on this machine."""
    with opener().open(url, timeout=TIMEOUT_SECONDS) as answer:
        found = json.load(answer)
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        message = "its answer is no list of kernels"
        raise ValueError(message)
    return found


def tell(words: str) -> None:
    """Write the guest attribute."""
    request = urllib.request.Request(  # noqa: S310  # http to the metadata server
        METADATA + ATTRIBUTE, data=words.encode(), headers={"Metadata-Flavor": "Google"}, method="PUT"
    )
    opener().open(request, timeout=TIMEOUT_SECONDS).close()


def opener() -> urllib.request.OpenerDirector:
    """Without the proxies that users'"'"' variables may name: both servers are this machine'"'"'s own."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))'
  write_file "${ETC}/systemd/system/${ACTIVITY}.timer" 0644 <<EOF
# Written by notebook-provisioner.
[Unit]
Description=Tell outside whether kernels are at work

[Timer]
OnActiveSec=30s
OnUnitActiveSec=2min
AccuracySec=10s

[Install]
WantedBy=timers.target
EOF
  write_file "${ETC}/systemd/system/${ACTIVITY}.service" 0644 <<EOF
# Written by notebook-provisioner.
[Unit]
Description=Tell outside whether kernels are at work

[Service]
Type=oneshot
User=${ACCOUNT}
ExecStart=${python} -I ${program} ${ACCOUNT_HOME}
TimeoutStartSec=60
Nice=10
NoNewPrivileges=true
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=true
EOF
  quietly "${python}" -I -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' "${program}" ||
    fail "${program} is no program of this Python"
  if ! systemd_runs; then
    say "systemd does not run here: nothing tells of kernels by itself"
    return 0
  fi
  quietly systemctl daemon-reload
  quietly systemctl enable --now "${ACTIVITY}.timer" || fail "the timer does not start; see: journalctl --unit ${ACTIVITY}.timer"
  quietly systemctl is-active "${ACTIVITY}.timer" || fail "the timer is not active"
}

# --- egress: Google's names lead to the virtual IP, and nothing else answers. ---
step_egress() {
  local name
  for name in googleapis.com notebooks.googleapis.com notebooks.cloud.google.com notebooks.googleusercontent.com kernels.googleusercontent.com notebooks.byoid.googleusercontent.com pkg.dev gcr.io storage.googleapis.com europe-west4.notebooks.cloud.google.com europe-west4-docker.pkg.dev; do
    resolves_to_virtual_ip "${name}"
  done
  for name in example.com 1.1.1.1; do
    if quietly timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/443"' _ "${name}"; then
      fail "a connection to ${name} was let out"
    fi
  done
}

resolves_to_virtual_ip() {
  local found address
  found=$(getent ahostsv4 "$1" | awk '{print $1}' | sort --unique) || fail "$1 does not resolve"
  [[ -n ${found} ]] || fail "$1 does not resolve"
  while read -r address; do
    [[ " "'199.36.153.4 199.36.153.5 199.36.153.6 199.36.153.7'" " == *" ${address} "* ]] || fail "$1 leads to ${address}, which is no virtual IP"
  done <<<"${found}"
}

# --- git: Repositories are cloned, outputs stay out of commits, and secrets out of both. ---
step_git() {
  local strip="${LIBRARY}/strip-outputs"
  command -v git >/dev/null || fail "git is not installed"
  write_file "${ETC}/notebook-provisioner/gitignore" 0644 <<<'.ipynb_checkpoints/
.env
.env.*
.netrc
.pypirc
.boto
.pgpass
.git-credentials
*.pem
*.key
*.p12
*.pfx
id_rsa
id_dsa
id_ecdsa
id_ed25519
credentials.json
application_default_credentials.json
*service-account*.json
*service_account*.json'
  write_file "${ETC}/notebook-provisioner/gitattributes" 0644 <<<'*.ipynb filter=strip-outputs'
  write_file "${strip}" 0755 <<<'#!/usr/bin/env python3
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
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
except (ValueError, KeyError, TypeError):
    pass  # no notebook: as it is
sys.stdout.buffer.write(text.encode("utf-8"))'
  git_setting core.excludesFile "${ETC}/notebook-provisioner/gitignore"
  git_setting core.attributesFile "${ETC}/notebook-provisioner/gitattributes"
  git_setting filter.strip-outputs.clean "${strip}"
  git_setting filter.strip-outputs.required true
  # gcloud's own helper knows Google's hosts, and gives the notebook's token to no other.
  git_setting credential.https://source.developers.google.com.helper gcloud.sh
  git_clone https://source.acme.example/team/models.git main
  git_clone https://source.acme.example/team/notes ''
}

git_setting() {
  local found
  found=$(git config --file "${ETC}/gitconfig" --get "$1") || found=
  [[ ${found} == "$2" ]] || git config --file "${ETC}/gitconfig" --replace-all "$1" "$2"
  chmod 0644 "${ETC}/gitconfig"
  found=$(git config --file "${ETC}/gitconfig" --get "$1")
  [[ ${found} == "$2" ]] || fail "git does not keep the setting $1"
}

# git_clone URL REF: what is there already is the user's, and is left alone. A clone has its name only when it is
# whole, so that one that failed is made again.
git_clone() {
  local folder partial name=${1%/} found
  name=${name##*/}
  name=${name%.git}
  folder="${ACCOUNT_HOME}/${name}"
  partial="${ACCOUNT_HOME}/.${name}.partial"
  if as_account test -e "${folder}"; then
    found=$(as_account git -C "${folder}" config --get remote.origin.url) || found=
    [[ ${found} == "$1" ]] || fail "${folder} is there, and is no clone of $1"
    say "${folder} is there already"
    return 0
  fi
  quietly as_account rm --recursive --force -- "${partial}"
  quietly as_account env GIT_TERMINAL_PROMPT=0 timeout 900 git clone --no-checkout -- "$1" "${partial}" ||
    fail "$1 could not be cloned"
  if [[ -n $2 ]]; then
    quietly as_account git -C "${partial}" checkout "$2" -- || fail "$1 has no $2"
  else
    quietly as_account git -C "${partial}" checkout || fail "$1 has nothing to check out"
  fi
  as_account mv --no-target-directory -- "${partial}" "${folder}"
}

# --- packages: The fleet file's packages are there, in exactly the versions that it names. ---
# Installed for the account itself: that is on the data disk, and outlives an upgrade.
step_packages() {
  local python
  python=$(python_of_account) || fail "no Python was found"
  if have_packages "${python}"; then
    say "the packages are there already"
    return 0
  fi
  write_file "${ETC}/notebook-provisioner/requirements.txt" 0644 <<<'polars==1.35.2 --hash=sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
  quietly as_account timeout 1800 "${python}" -m pip install --user --disable-pip-version-check --no-input \
    --requirement "${ETC}/notebook-provisioner/requirements.txt" || fail "pip could not install the packages; see ${LOG_FILE}"
  have_packages "${python}" || fail "pip ended well, and yet a package is missing or has another version"
}

have_packages() {
  quietly as_account "$1" -c 'import importlib.metadata
import sys

for wanted in sys.argv[1:]:
    name, _, version = wanted.partition("==")
    found = importlib.metadata.version(name.partition("[")[0])
    if found != version:
        sys.exit(f"{name} is {found}, not {version}")' polars==1.35.2
}

# --- sync: The user's files are copied to the notebook's own bucket, and somebody hears when they are not. ---
readonly SYNC=notebook-provisioner-sync

step_sync() {
  # Where gcloud is on Google's images is unverified.
  local path=/usr/local/bin:/usr/bin:/bin:/snap/bin:/opt/google-cloud-sdk/bin
  local program="${LIBRARY}/sync.py" settings="${ETC}/notebook-provisioner/sync.json" python
  as_account env PATH="${path}" bash -c 'command -v gcloud' >/dev/null ||
    fail "gcloud is not installed, which does the copying"
  python=$(command -v python3) || fail "python3 is not installed"
  write_file "${program}" 0644 <<<'"""Copy the Jupyter home to the notebook'"'"'s bucket once, and tell how it went.

Runs on the notebook as the Jupyter account, started by a timer: ``sync.py CONFIG``. Standard library alone,
and Python 3.9, which Debian 11 has. The copying is gcloud'"'"'s, with the notebook'"'"'s service account. The user of
the notebook could stop it or write a false report: it is for their own files'"'"' sake, and no control over them.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

METADATA = "http://{}/computeMetadata/v1/".format(
    os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
)
ATTRIBUTE = "instance/guest-attributes/notebook-provisioner/sync"
TRIES = 3
TIMEOUT_SECONDS = 20
BUSY = 75  # EX_TEMPFAIL of sysexits.h
NO_SUCH_PROGRAM = 127


def main(config: dict[str, Any]) -> int:
    """Copy, remember, tell; give the exit status.

    Args:
        config: ``notebook``, ``fleet``, ``project``, ``bucket`` (its name), ``home``, ``exclude`` (a regular
            expression over paths relative to home), ``delete`` (bool), ``stale_after_seconds``,
            ``limit_seconds``, ``gcloud`` (words), ``state`` (a folder of this account'"'"'s), ``logging_url``.
    """
    state = Path(config["state"])
    with (state / "turn").open("w") as turn:
        try:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another sync is at work; this one ends")
            return BUSY
        began = time.time()
        status = copy(config, state)
        report = told(config, remember(state / "times.json", began, succeeded=status == 0), began, status)
    print(json.dumps(report))
    heard = [tell(write_guest_attribute, report), tell(lambda words: write_log(config, words), report)]
    return status or int(not all(heard))


def copy(config: dict[str, Any], state: Path) -> int:
    """Run gcloud; its exit status, 124 where it was cut off (as timeout(1) has it)."""
    words = [*config["gcloud"], "storage", "rsync", "--recursive", "--quiet"]
    if config["delete"]:
        words.append("--delete-unmatched-destination-objects")
    flags = (
        state / "flags.json"
    )  # YAML reads JSON; a comma in the expression would part it on the command line
    flags.write_text(json.dumps({"--exclude": [config["exclude"]]}), encoding="utf-8")
    words += [f"--flags-file={flags}", f"{config['"'"'home'"'"']}", f"gs://{config['"'"'bucket'"'"']}"]
    # A configuration of its own: the user'"'"'s own gcloud login and settings have no say.
    environment = {
        **os.environ,
        "CLOUDSDK_CONFIG": str(state / "gcloud"),
        "CLOUDSDK_CORE_PROJECT": config["project"],
    }
    try:
        return subprocess.run(words, check=False, env=environment, timeout=config["limit_seconds"]).returncode
    except subprocess.TimeoutExpired:
        return 124
    except OSError as error:
        print(f"{words[0]} cannot be started: {error}", file=sys.stderr)
        return NO_SUCH_PROGRAM


def remember(path: Path, now: float, *, succeeded: bool) -> dict[str, float]:
    """When the first try was, and the last success; both in seconds since 1970."""
    try:
        times = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        times = {}
    times.setdefault("first", now)
    if succeeded:
        times["success"] = now
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(times), encoding="utf-8")
    fresh.replace(path)
    return times


def told(config: dict[str, Any], times: dict[str, float], began: float, status: int) -> dict[str, Any]:
    """What is told; ``age_seconds`` counts from what the last success copied, so from its beginning."""
    now = time.time()
    age = now - times.get("success", times["first"])
    return {
        "notebook": config["notebook"],
        "fleet": config["fleet"],
        "bucket": config["bucket"],
        "result": "failed" if status else "ok",
        "stale": age > config["stale_after_seconds"],
        "at": instant(now),
        "last_success": instant(times["success"]) if "success" in times else "",
        "age_seconds": int(age),
        "exit": status,
        "seconds": int(now - began),
    }


def instant(seconds: float) -> str:
    """As RFC 3339 has it, in UTC."""
    return dt.datetime.fromtimestamp(seconds, dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def tell(write: Any, report: dict[str, Any]) -> bool:  # noqa: ANN401  # a function of one report
    """Try a few times; whether somebody heard."""
    for number in range(TRIES):
        try:
            write(report)
        except (OSError, ValueError) as error:  # noqa: PERF203  # a network'"'"'s time is longer
            print(f"not heard: {error}", file=sys.stderr)
            time.sleep(number)
        else:
            return True
    return False


def write_guest_attribute(report: dict[str, Any]) -> None:
    """Put the report where nbp reads it."""
    ask(METADATA + ATTRIBUTE, {"Metadata-Flavor": "Google"}, json.dumps(report).encode(), method="PUT")


def write_log(config: dict[str, Any], report: dict[str, Any]) -> None:
    """Write one entry (``entries.write`` of logging.v2), as the VM'"'"'s service account."""
    token = json.loads(metadata("instance/service-accounts/default/token"))["access_token"]
    project = metadata("project/project-id")
    labels = {
        "project_id": project,
        "instance_id": metadata("instance/id"),
        "zone": metadata("instance/zone").rpartition("/")[2],
    }
    body = {
        "logName": f"projects/{project}/logs/notebook-provisioner-sync",
        "resource": {"type": "gce_instance", "labels": labels},
        "entries": [{"severity": "ERROR" if report["exit"] else "INFO", "jsonPayload": report}],
    }
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    ask(f"{config['"'"'logging_url'"'"']}/v2/entries:write", headers, json.dumps(body).encode(), method="POST")


def metadata(path: str) -> str:
    """One value of the metadata server."""
    return ask(METADATA + path, {"Metadata-Flavor": "Google"}).decode()


def ask(url: str, headers: dict[str, str], body: bytes | None = None, *, method: str = "GET") -> bytes:
    """One HTTP request; an answer that is an error raises OSError."""
    request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310  # addresses of our own
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  # as above
        content: bytes = answer.read()
    return content


if __name__ == "__main__":
    sys.exit(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))'
  write_file "${settings}" 0644 <<<'{
  "bucket": "acme-notebooks-golden-everything-sync",
  "delete": false,
  "exclude": "(?s:(?:.*/)?\\.env(?:/.*)?|(?:.*/)?\\.env\\.[^/]*(?:/.*)?|(?:.*/)?\\.netrc(?:/.*)?|(?:.*/)?\\.pypirc(?:/.*)?|(?:.*/)?\\.boto(?:/.*)?|(?:.*/)?\\.pgpass(?:/.*)?|(?:.*/)?\\.git\\-credentials(?:/.*)?|(?:.*/)?[^/]*\\.pem(?:/.*)?|(?:.*/)?[^/]*\\.key(?:/.*)?|(?:.*/)?[^/]*\\.p12(?:/.*)?|(?:.*/)?[^/]*\\.pfx(?:/.*)?|(?:.*/)?id_rsa(?:/.*)?|(?:.*/)?id_dsa(?:/.*)?|(?:.*/)?id_ecdsa(?:/.*)?|(?:.*/)?id_ed25519(?:/.*)?|(?:.*/)?credentials\\.json(?:/.*)?|(?:.*/)?application_default_credentials\\.json(?:/.*)?|(?:.*/)?[^/]*service\\-account[^/]*\\.json(?:/.*)?|(?:.*/)?[^/]*service_account[^/]*\\.json(?:/.*)?|(?:.*/)?\\.ssh(?:/.*)?|(?:.*/)?\\.gnupg(?:/.*)?|(?:.*/)?\\.aws(?:/.*)?|(?:.*/)?\\.azure(?:/.*)?|(?:.*/)?\\.docker(?:/.*)?|(?:.*/)?\\.kube(?:/.*)?|(?:.*/)?\\.config(?:/.*)?|(?:.*/)?\\.cache(?:/.*)?|(?:.*/)?\\.local(?:/.*)?|(?:.*/)?\\.ipynb_checkpoints(?:/.*)?|(?:.*/)?\\.jupyter(?:/.*)?|(?:.*/)?\\.ipython(?:/.*)?|(?:.*/)?\\.conda(?:/.*)?|(?:.*/)?\\.npm(?:/.*)?|(?:.*/)?__pycache__(?:/.*)?|(?:.*/)?lost\\+found(?:/.*)?|(?:.*/)?\\.Trash\\-[^/]*(?:/.*)?|(?:.*/)?\\.\\~[^/]*(?:/.*)?|(?:.*/)?[^/]*\\.parquet(?:/.*)?|tmp(?:/.*)?)$",
  "fleet": "golden",
  "gcloud": [
    "gcloud"
  ],
  "home": "/home/jupyter",
  "limit_seconds": 14400,
  "logging_url": "https://logging.googleapis.com",
  "notebook": "everything",
  "project": "acme-notebooks",
  "stale_after_seconds": 86400,
  "state": "/var/lib/notebook-provisioner-sync"
}'
  write_file "${ETC}/systemd/system/${SYNC}.timer" 0644 <<<'# Written by notebook-provisioner.
[Unit]
Description=Copies of the Jupyter home

[Timer]
OnCalendar=*-*-* *:00,30:00 UTC
RandomizedDelaySec=60
Persistent=true

[Install]
WantedBy=timers.target'
  # It reads the home and writes its own folder; it is the account, and has no more rights than that.
  write_file "${ETC}/systemd/system/${SYNC}.service" 0644 <<EOF
# Written by notebook-provisioner.
[Unit]
Description=A copy of the Jupyter home to its bucket
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User=${ACCOUNT}
Environment=PATH=${path}
ExecStart=${python} -I ${program} ${settings}
StateDirectory=${SYNC}
StateDirectoryMode=0700
TimeoutStartSec=infinity
SuccessExitStatus=75
Nice=10
IOSchedulingClass=idle
NoNewPrivileges=true
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=true
EOF
  quietly "${python}" -I -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' "${program}" ||
    fail "${program} is no program of this Python"
  if ! systemd_runs; then
    say "systemd does not run here: nothing starts the copying by itself"
    return 0
  fi
  quietly systemctl daemon-reload
  quietly systemctl enable "${SYNC}.timer"
  quietly systemctl restart "${SYNC}.timer" || fail "the timer does not start; see: journalctl --unit ${SYNC}.timer"
  quietly systemctl is-active "${SYNC}.timer" || fail "the timer is not active"
  quietly systemctl start --no-block "${SYNC}.service" # how it goes is told by itself
}

# --- user-script: The fleet file's own script runs last, if it is the one that was agreed on. ---
step_user_script() {
  local file digest token
  file=$(mktemp --tmpdir notebook-provisioner.XXXXXX)
  token=$(curl --silent --fail --max-time 30 --header 'Metadata-Flavor: Google' \
    "${METADATA}/service-accounts/default/token") || fail "the metadata server gives no token"
  token=${token#*'"access_token":'}
  token=${token#*'"'}
  token=${token%%'"'*}
  # The token goes through standard input: arguments are readable by every account.
  printf 'header = "Authorization: Bearer %s"\n' "${token}" |
    quietly curl --config - --silent --show-error --fail --max-time 300 --retry 3 \
      --output "${file}" -- 'https://storage.googleapis.com/storage/v1/b/acme-scripts/o/teams%2Fwelcome%20%C3%A9.sh?alt=media' || fail 'gs://acme-scripts/teams/welcome é.sh' "could not be read"
  digest=$(sha256sum "${file}" | cut --delimiter=' ' --fields=1)
  [[ ${digest} == 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 ]] || {
    rm "${file}"
    fail 'gs://acme-scripts/teams/welcome é.sh' "has the SHA-256 ${digest}, which is not the one in the fleet file"
  }
  chmod 0700 "${file}"
  chown "${ACCOUNT}" "${file}"
  quietly as_account "${file}" || fail "the user's script failed; see ${LOG_FILE}"
  rm "${file}"
}

main() {
  take_turn
  trap 'failed "${LINENO}"' ERR
  trap 'ended "$?"' EXIT
  trap 'exit 143' TERM
  trap 'exit 130' INT
  verify_self
  find_image
  report STARTED
  run_step data-disk false 'debian-11 debian-12 former-umn' step_data_disk
  run_step account true 'debian-11 debian-12 former-umn' step_account
  run_step environment false 'debian-11 debian-12 former-umn container' step_environment
  run_step package-index true 'debian-11 debian-12 former-umn' step_package_index
  run_step unattended-upgrades true 'debian-11 debian-12 former-umn' step_unattended_upgrades
  run_step audit-log true 'debian-11 debian-12 former-umn' step_audit_log
  run_step ipython true 'debian-11 debian-12 former-umn' step_ipython
  run_step jupyter-server true 'debian-11 debian-12 former-umn' step_jupyter_server
  run_step activity false 'debian-11 debian-12 former-umn' step_activity
  run_step egress true 'debian-11 debian-12 former-umn container' step_egress
  run_step git false 'debian-11 debian-12 former-umn' step_git
  run_step packages false 'debian-11 debian-12 former-umn' step_packages
  run_step sync false 'debian-11 debian-12 former-umn' step_sync
  run_step user-script false 'debian-11 debian-12 former-umn' step_user_script
  STEP=end
  report COMPLETE
}

main "$@"
