#!/bin/bash
# machine.sh FOLDER PYTHON MODE HARDENED: one JupyterLab in namespaces of its own (network, mount, PID), attacked.
# FOLDER holds etc, home, log, the socket journal and the rendered script.sh. HARDENED=true runs the script's steps
# for Jupyter before the server starts. Prints what attacks.py prints, and writes verified: 0 where the script's
# own verification has nothing to say against the running server.
set -euo pipefail
folder=$1 jupyter_python=$2 mode=$3 hardened=$4 idle_seconds=$5
here=$(dirname "$(readlink -f "$0")")

ip link set lo up
mount --bind "${folder}/etc" /etc
mount --bind "${folder}/log" /var/log
mount -t tmpfs tmpfs /run # no systemd to be seen

# Everything but the last line, which would run all steps; console and journal are the host's.
sed "\$d; s|^readonly CONSOLE=.*|readonly CONSOLE=/dev/null|; s|/dev/log|${folder}/journal|" "${folder}/script.sh" >"${folder}/functions.sh"
# shellcheck disable=SC1091
source "${folder}/functions.sh"
mkdir -p "${LOG_FILE%/*}"
python_of_account() {
  printf '%s' "${jupyter_python}"
}

environment=()
if [[ ${hardened} == true ]]; then
  step_audit_log >&2
  step_ipython >&2
  step_jupyter_server >&2 # writes the configuration; no Jupyter answers yet
  # What systemd would read.
  while IFS= read -r line; do
    environment+=("${line}")
  done < <(sed -n 's/^Environment=//p' /etc/systemd/system/jupyter.service.d/50-notebook-provisioner.conf)
fi
env --ignore-environment --chdir="${folder}/home/notes" HOME="${folder}/home" PATH="${jupyter_python%/*}:/usr/bin:/bin" \
  LANG=C.UTF-8 "${environment[@]}" "${jupyter_python}" -m jupyterlab >"${folder}/jupyter.log" 2>&1 &
trap 'kill $!; wait $! || true' EXIT
"${jupyter_python}" "${here}/attacks.py" "${mode}" "${idle_seconds}"
status=0
(verify_jupyter) >&2 || status=$?
echo "${status}" >"${folder}/verified"
