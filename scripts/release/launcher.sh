#!/bin/sh
# status-panel: starts the program with the Node that lies beside it, wherever it was called from.
set -uf

# "current" and a link in /usr/local/bin lead here; the program must know the version it belongs to.
self=$0
while [ -L "$self" ]; do
  to=$(readlink "$self") || exit 70
  case $to in
    /*) self=$to ;;
    *) self=${self%/*}/$to ;;
  esac
done
home=$(cd "${self%/*}/.." && pwd -P) || exit 70
program=$home/lib/status-panel.mjs
if [ ! -e @LOADER@ ]; then
  echo "status-panel: @LOADER@ is missing: this host has no glibc, which Node needs; systems with musl, as Alpine, are not supported" >&2
  exit 71
fi

# The program itself starts no others; removing it takes systemctl and userdel.
if [ "${1-}" = uninstall ]; then
  shift
  exec /bin/sh "$home/install.sh" --uninstall "$@"
fi

# Only the agent lives for long, and takes what comes over the network: it runs under Node's permission model, and in a heap that is kept small.
[ "${1-}" = run ] || exec "$home/bin/node" "$program" "$@"

# The places it uses, found as the program finds them (src/cli/places.ts): flags, environment, the usual ones.
usual=/etc/status-panel/config.json
state=${STATUS_PANEL_STATE_DIRECTORY:-${STATE_DIRECTORY-}}
state=${state%%:*}
if [ "$(id -u)" = 0 ]; then
  : "${state:=/var/lib/status-panel}"
else
  [ -n "${STATE_DIRECTORY-}" ] || usual=${XDG_CONFIG_HOME:-${HOME-}/.config}/status-panel/config.json
  : "${state:=${XDG_DATA_HOME:-${HOME-}/.local/share}/status-panel}"
fi
config=${STATUS_PANEL_CONFIG:-$usual}
also="${CREDENTIALS_DIRECTORY-}
${STATUS_PANEL_CA_FILE-}
${STATUS_PANEL_VAULT_CA_FILE-}
${STATUS_PANEL_VAULT_TOKEN_FILE-}"
flag=
for word in "$@"; do
  case $flag in --*) word=$flag=$word ;; esac
  flag=
  case $word in
    --config=*) config=${word#*=} ;;
    --state-directory=*) state=${word#*=} ;;
    --ca-file=* | --vault-ca-file=* | --vault-token-file=*) also="$also
${word#*=}" ;;
    --*=*) ;;
    --*) flag=$word ;;
  esac
done
if [ -r "$config" ]; then
  named() { printf 's/.*"%s"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\\1/p;g;' "$1"; }
  also="$also
$(sed -n "h;$(named ca_file)$(named vault_ca_file)$(named vault_token_file)" "$config")"
fi

# Node lets in what lies in a folder only if the folder is there when it starts; a file may come later, as the updater's ledger does.
set -- "$program" "$@"
IFS='
'
for path in "${config%/*}" "$home" "${home%/*/*}/update/ledger.json" /etc/machine-id /etc/systemd/system/status-panel-update.path $also; do
  set -- "--allow-fs-read=$path" "$@"
done
export @ENVIRONMENT@
exec "$home/bin/node" @FLAGS@ --permission --allow-fs-read="$state" --allow-fs-write="$state" "$@"
