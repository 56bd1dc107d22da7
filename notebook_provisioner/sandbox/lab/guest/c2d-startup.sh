#!/bin/bash
# In the manner of c2d-startup: run every executable of a folder once, then leave a flag.
set -u
# shellcheck source=notebook_provisioner/sandbox/lab/guest/library.sh
source /opt/nbp-lab/library.sh

say() {
  console "c2d-startup[$$]: $*"
}

if [[ $(attribute google-c2d-startup-enable) == 0 ]]; then
  say "Google C2D startup is switched off by google-c2d-startup-enable=0."
  exit 0
fi
for flag in /root/google_vm_config.lock /var/lock/google_vm_config.lock; do
  if [[ -e ${flag} ]]; then
    say "Google C2D startup config has already run. This is expected on reboots."
    say "To run startup scripts again, delete ${flag}"
    exit 0
  fi
done

say "Starting Google C2D startup config"
for script in /opt/c2d/scripts/*; do
  if [[ ${script} == */97-run-post-startup-script.sh ]]; then
    "${script}" # reports what it runs by itself
  elif [[ -f ${script} && -x ${script} ]]; then
    run c2d "${script##*/}" "${script}" || say "${script} ended with exit status $?"
  fi
done
touch "${GOOGLE_VM_CONFIG_LOCK_FILE}" # upstream does so whatever became of the scripts
if [[ ${IMAGE_KIND} == upstream ]]; then
  rm -f /etc/systemd/system/multi-user.target.wants/google-c2d-startup.service # systemctl disable
fi
put_guest_attribute notebooks/system_status GOOGLE_C2D_COMPLETED
say "Finished Google C2D startup config"
