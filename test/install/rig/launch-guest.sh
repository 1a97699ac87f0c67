#!/bin/bash
# Boots a guest and boots it again when it asks for that. Runs in a mount and a network namespace of its own, which hold everything the guest
# has but its control groups: when the last process ends, by whatever means, root file system, disks and network card are gone.
#
# Says "room" when the namespaces are there, reads "GUEST-ADDRESS HOST-ADDRESS" once its network card has been put in, then boots.
set -eu
room=$RIG_DIRECTORY/room
mount -t tmpfs -o size=3g,mode=0755 rig "$room"
mkdir "$room"/{upper,work,root,docker}
mount -t overlay rig-root -o "lowerdir=$RIG_LOWER,upperdir=$room/upper,workdir=$room/work" "$room/root"
printf '%s\n' "$RIG_NAME" > "$room/root/etc/hostname"
for group in $RIG_GROUPS; do echo $$ > "$group/cgroup.procs"; done
echo room

read -r guest host
ip link set lo up
ip address add "$guest/30" dev host0
ip link set host0 up
ip route add default via "$host"
printf '127.0.0.1 localhost\n::1 localhost\n127.0.1.1 %s\n%s rig-host\n' "$RIG_NAME" "$host" > "$room/root/etc/hosts"

# Without nspawn's own filter, or a unit's IPAddressDeny= has no effect; without these two, or a module or the machine's clock could be touched.
# SYSTEMD_NSPAWN_API_VFS_WRITABLE: newer engines write net.ipv6 settings for each container.
export SYSTEMD_SECCOMP=0 SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
unset NOTIFY_SOCKET
asked_for_reboot=133
while :; do
  setpriv --pdeathsig KILL systemd-nspawn --quiet --directory="$room/root" --machine="$RIG_NAME" --hostname="$RIG_NAME" \
    --register=no --keep-unit --console=pipe --kill-signal=SIGRTMIN+3 --resolv-conf=off --timezone=off --link-journal=no \
    --capability=all --drop-capability=CAP_SYS_MODULE,CAP_SYS_TIME \
    --network-namespace-path="/proc/$$/ns/net" --bind="$room/docker:/var/lib/docker" /usr/local/sbin/rig-init < /dev/null &
  echo $! > "$RIG_DIRECTORY/nspawn.new"
  mv "$RIG_DIRECTORY/nspawn.new" "$RIG_DIRECTORY/nspawn"
  status=0
  wait $! || status=$?
  rm -f "$RIG_DIRECTORY/nspawn"
  [ "$status" = "$asked_for_reboot" ] || exit "$status"
done
