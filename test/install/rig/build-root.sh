#!/bin/bash
# Builds the root file system of a guest: SUITE PACKAGES DIRECTORY. Prints nothing when all went well.
set -eu
suite=$1 packages=$2 directory=$3
# The mirror that this machine uses already.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
mmdebstrap --quiet --mode=root --variant=minbase --include="$packages" \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  "$suite" "$directory" "$mirror"
# Work that would begin by itself in the middle of a test, and a machine's own name and number.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
  systemd-timesyncd.service console-getty.service; do
  ln -sf /dev/null "$directory/etc/systemd/system/$unit"
done
rm -f "$directory/etc/hostname" "$directory/etc/resolv.conf" "$directory/etc/machine-id"
: > "$directory/etc/machine-id"
mkdir -p "$directory/var/log/journal" "$directory/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=persistent\n' > "$directory/etc/systemd/journald.conf.d/rig.conf"
# nspawn mounts the controllers of version 1 read-only, and then no limit of a unit has an effect. This becomes the guest's first process.
cat > "$directory/usr/local/sbin/rig-init" <<'INIT'
#!/bin/sh
for controller in cpu cpuacct cpuset memory devices freezer blkio pids; do
  [ ! -d "/sys/fs/cgroup/$controller" ] || mount -o remount,bind,rw "/sys/fs/cgroup/$controller"
done
exec /lib/systemd/systemd "$@"
INIT
chmod 755 "$directory/usr/local/sbin/rig-init"
