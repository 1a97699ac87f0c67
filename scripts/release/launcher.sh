#!/bin/sh
# status-panel: starts the program with the Node that lies beside it, wherever it was called from.
set -u
self=$0
# "current" and /usr/local/bin lead here by links; the program must know the version it belongs to.
while [ -L "$self" ]; do
  to=$(readlink "$self") || exit 70
  case $to in
    /*) self=$to ;;
    *) self=$(dirname "$self")/$to ;;
  esac
done
home=$(cd "$(dirname "$self")/.." && pwd -P) || exit 70
# The program itself starts no others; removing it takes systemctl and userdel.
if [ "${1-}" = uninstall ]; then
  shift
  exec /bin/sh "$home/install.sh" --uninstall "$@"
fi
exec "$home/bin/node" "$home/lib/status-panel.mjs" "$@"
