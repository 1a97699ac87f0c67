#!/bin/bash
# Runs a program as if the packages unpacked in $RIG_TOOLS were installed. Call it in a mount namespace of its own: nothing is installed on
# the machine, and what is mounted here vanishes with the last process that sees it.
set -eu
for part in usr lib; do
  [ -d "$RIG_TOOLS/$part" ] || continue
  at=/usr
  [ "$part" = usr ] || at=/usr/$part
  mount -t overlay "rig-tools-$part" -o "lowerdir=$RIG_TOOLS/$part:$at" "$at"
done
exec "$@"
