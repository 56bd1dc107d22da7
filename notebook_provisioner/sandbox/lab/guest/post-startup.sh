#!/bin/bash
# Workbench images: when the post-startup script runs is what post-startup-script-behavior says.
#   run_once                      at the first boot of a boot disk
#   run_every_start               at every boot, as it was downloaded at the first
#   download_and_run_every_start  at every boot, downloaded anew
set -u
# shellcheck source=notebook_provisioner/sandbox/lab/guest/library.sh
source /opt/nbp-lab/library.sh

url=$(attribute post-startup-script) || exit 0
behavior=$(attribute post-startup-script-behavior)
behavior=${behavior:-run_once}
kept=${DATA}/post-startup-script

case ${behavior} in
  run_once)
    if [[ -e ${DATA}/post-startup-script-ran ]]; then
      console "post-startup-script has already run (run_once)"
      exit 0
    fi
    rm -f "${kept}"
    ;;
  run_every_start) ;;
  download_and_run_every_start) rm -f "${kept}" ;;
  *)
    console "post-startup-script-behavior ${behavior} is unknown"
    exit 0
    ;;
esac

if [[ -e ${kept} ]] || download "${url}" "${kept}"; then
  chmod 0700 "${kept}"
  run post-startup-script "${url}" "${kept}"
  console "post-startup-script exit status $?"
fi
touch "${DATA}/post-startup-script-ran"
put_guest_attribute notebooks/handle_post_startup_script DONE
