#!/bin/bash
# The machine's first process: boots in the order that a real console shows, then shuts down. Everything
# that is still running ends with it, because the namespace does.
set -u
# shellcheck source=notebook_provisioner/sandbox/lab/guest/library.sh
source /opt/nbp-lab/library.sh
mkdir -p "${DATA}"

console "Booting $(hostname)"

if [[ -L /etc/systemd/system/multi-user.target.wants/google-c2d-startup.service ]]; then
  /opt/c2d/c2d-startup
fi

# "Google Compute Engine Startup Scripts" come after c2d, at every boot.
if attribute startup-script >/run/startup-script && [[ -s /run/startup-script ]]; then
  chmod 0700 /run/startup-script
  run startup-script startup-script /run/startup-script
  console "startup-script exit status $?"
fi

if [[ ${IMAGE_KIND} == workbench ]]; then
  /opt/nbp-lab/post-startup.sh
fi

console "Startup finished"
for ((index = 0; index < COMMANDS; index++)); do
  run command "${index}" "/run/nbp-lab/command-${index}"
done
console "Shutting down"
