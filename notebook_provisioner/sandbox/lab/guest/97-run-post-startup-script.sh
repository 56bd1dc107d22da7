#!/bin/bash
# User-managed images: download the post-startup script, run it as root, say DONE whatever became of it.
set -u
# shellcheck source=notebook_provisioner/sandbox/lab/guest/library.sh
source /opt/nbp-lab/library.sh

url=$(attribute post-startup-script) || exit 0
target=/opt/c2d/post_start.sh
if download "${url}" "${target}"; then
  chmod 0700 "${target}"
  run post-startup-script "${url}" "${target}"
  console "post-startup-script exit status $?"
fi
put_guest_attribute notebooks/handle_post_startup_script DONE
