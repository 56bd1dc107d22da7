#!/bin/bash
# Post-startup script of notebook container, rendered by notebook-provisioner 1.2.3.
# fleet-sha256: bb3ee669151ffefef73d2b3367dc1e1496f6bbfa65c357b0c0416bf9fcfe360a (what the fleet file says about this notebook)
# body-sha256: 0cc0cea8b7c908a3aad660eebedf79b671bab99bad0c590fbfa60d6104fa65a3 (this script without this line)
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

readonly NOTEBOOK=container
readonly VERSION=1.2.3
readonly FLEET_SHA256=bb3ee669151ffefef73d2b3367dc1e1496f6bbfa65c357b0c0416bf9fcfe360a
readonly IMAGE=container
readonly ACCOUNT=jupyter
readonly ACCOUNT_HOME=/home/jupyter
readonly ON_FAILURE=report
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
NOTEBOOK_FLEET=golden
NOTEBOOK_KMS_KEY=projects/acme-keys/locations/europe-west4/keyRings/notebooks/cryptoKeys/golden
NOTEBOOK_NAME=container
NOTEBOOK_NETWORK=shared-vpc
NOTEBOOK_PROJECT=acme-notebooks
NOTEBOOK_REGION=europe-west4
NOTEBOOK_SUBNET=notebooks
NOTEBOOK_ZONE=europe-west4-a'
}

# --- package-index: pip and conda ask one index that is ours, and no public one. ---
# Settings of the whole machine. A user may still name another index on a command line: the network refuses it.

step_package_index() {
  skip "the fleet file names no package index"
}

# --- unattended-upgrades: Security updates of the system come by themselves, where asked for. ---
step_unattended_upgrades() {
  skip "the fleet file does not ask for them"
}

# --- audit-log: What is done in the notebook is recorded where its user cannot take it back, and shipped. ---
readonly AUDIT_RULES="${ETC}/audit/rules.d/50-notebook-provisioner.rules"

step_audit_log() {
  local events="${ETC}/notebook-provisioner/jupyter/jupyter_server_config.py"
  take_away "${events}" restart || true
  if [[ -e ${AUDIT_RULES} ]]; then
    take_away "${AUDIT_RULES}" || true
    if systemd_runs; then
      quietly augenrules --load || fail "the rules for commands could not be taken back"
    fi
  fi
  if take_away "${OPS_AGENT}" && has_unit google-cloud-ops-agent.service; then
    quietly systemctl restart google-cloud-ops-agent.service || fail "the Ops Agent does not start again"
  fi
  skip "the fleet file asks for no records"
}

readonly OPS_AGENT="${ETC}/google-cloud-ops-agent/config.yaml"

# --- ipython: IPython starts no shell, where asked for. ---
# A start-up file in a system-wide folder runs in every IPython, whatever a user's profile says; files in the
# user's own start-up folder run after it, and could undo it.
step_ipython() {
  local file="${ETC}/ipython/startup/00-notebook-provisioner.py"
  take_away "${file}" restart || true
  skip "the fleet file allows shell escapes"
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
    "cull_idle_timeout": 7200,
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
    "max_body_size": 536870912,
    "max_buffer_size": 536870912,
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
  skip "the fleet file asks for none"
}

# --- sync: The user's files are copied to the notebook's own bucket, and somebody hears when they are not. ---
readonly SYNC=notebook-provisioner-sync

step_sync() {
  local unit
  for unit in "${SYNC}.timer" "${SYNC}.service"; do
    if [[ -e ${ETC}/systemd/system/${unit} ]]; then
      if systemd_runs; then
        quietly systemctl disable --now "${unit}"
      fi
      take_away "${ETC}/systemd/system/${unit}" || true
    fi
  done
  skip "the fleet file asks for no copies"
}

# --- user-script: The fleet file's own script runs last, if it is the one that was agreed on. ---
step_user_script() {
  skip "the fleet file names none"
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
