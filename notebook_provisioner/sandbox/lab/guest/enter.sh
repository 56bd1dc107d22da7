#!/bin/bash
# From the host into the machine: enter.sh ROOT EVENTS OUTPUT, as first process of new PID and mount namespaces.
# EVENTS and OUTPUT are open file descriptors; the machine gets them as 3 and 4.
# Leaves nothing of the host mounted, and no capability that reaches past a mount (open_by_handle_at, mknod,
# mount, chroot): root in the machine is root of nothing else.
set -eu
root=$1
exec 3>&"$2" 4>&"$3"
events=$2 output=$3
exec {events}>&- {output}>&-

mount -t proc -o nosuid,nodev,noexec proc "${root}/proc"
for path in bus fs irq sys sysrq-trigger; do # root by number could write them: core_pattern runs programs
  if [ -e "${root}/proc/${path}" ]; then
    mount --bind "${root}/proc/${path}" "${root}/proc/${path}"
    mount -o remount,bind,ro "${root}/proc/${path}"
  fi
done
for path in kallsyms kcore keys kmsg kpagecount kpageflags sched_debug timer_list; do
  if [ -e "${root}/proc/${path}" ]; then
    mount --bind "${root}/dev/null" "${root}/proc/${path}"
  fi
done

cd "${root}"
pivot_root . .
umount -l .
cd /

keep=+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+setfcap,+audit_write
exec setpriv --bounding-set "-all,${keep}" --inh-caps -all /opt/nbp-lab/init.sh
