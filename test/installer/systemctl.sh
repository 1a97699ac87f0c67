#!/bin/sh
# Stands in for systemctl where no systemd is booted: keeps what is enabled, and runs the service's ExecStart as its User.
runtime=/run/stand-in
units=/etc/systemd/system
mkdir -p "$runtime"
echo "$*" >>"$runtime/calls"

setting() {
  cat "$units/$1" "$units/$1.d"/*.conf 2>/dev/null | sed -n "s/^$2=//p" | tail -n 1
}

pid_of() {
  cat "$runtime/$1.pid" 2>/dev/null
}

is_running() {
  pid=$(pid_of "$1")
  [ -n "$pid" ] && lives "$pid"
}

# Not one that has ended and that nobody has waited for.
lives() {
  [ -r "/proc/$1/status" ] && ! grep -q '^State:.Z' "/proc/$1/status"
}

stop_one() {
  pid=$(pid_of "$1")
  [ -n "$pid" ] || return 0
  kill "$pid" 2>/dev/null
  for _ in $(seq 100); do
    lives "$pid" || break
    sleep 0.1
  done
  kill -9 "$pid" 2>/dev/null
  rm -f "$runtime/$1.pid"
}

start_one() {
  case $1 in *.service) ;; *) echo $$ >"$runtime/$1.pid"; return 0 ;; esac
  [ -e "$units/$1" ] || { echo "Unit $1 not found." >&2; return 5; }
  [ ! -e "$runtime/broken" ] || { echo "Job for $1 failed." >&2; return 1; }
  for group in $(setting "$1" SupplementaryGroups); do
    grep -q "^$group:" /etc/group || { echo "no group $group" >&2; return 1; }
  done
  user=$(setting "$1" User)
  (
    set -a
    [ ! -r /etc/status-panel/environment ] || . /etc/status-panel/environment
    STATE_DIRECTORY=/var/lib/status-panel
    set +a
    exec setsid setpriv --reuid "$user" --regid "$user" --init-groups -- $(setting "$1" ExecStart)
  ) >>"$runtime/journal" 2>&1 </dev/null &
  echo $! >"$runtime/$1.pid"
}

verb=$1
shift
now=0
for word in "$@"; do
  case $word in --now) now=1 ;; --*) ;; -*) ;; MainPID | ActiveState) ;; *) unit=$word ;; esac
done
case $verb in
  --version) echo "systemd $(cat "$runtime/version" 2>/dev/null || echo 252) (252.1-1)" ;;
  daemon-reload | reset-failed) ;;
  enable)
    mkdir -p "$units/multi-user.target.wants"
    ln -sf "$units/$unit" "$units/multi-user.target.wants/$unit"
    ;;
  disable)
    rm -f "$units/multi-user.target.wants/$unit"
    rmdir "$units/multi-user.target.wants" 2>/dev/null
    [ "$now" = 0 ] || stop_one "$unit"
    ;;
  is-enabled) [ -e "$units/multi-user.target.wants/$unit" ] ;;
  is-active) is_running "$unit" ;;
  start) is_running "$unit" || start_one "$unit" ;;
  restart) stop_one "$unit"; start_one "$unit" ;;
  stop) stop_one "$unit" ;;
  show)
    case $* in
      *ActiveState*) echo "ActiveState=$(cat "$runtime/$unit.state" 2>/dev/null || echo inactive)" ;;
      *) echo "MainPID=$(pid_of "$unit")" ;;
    esac
    ;;
  *) echo "systemctl: $verb is not stood in for" >&2; exit 99 ;;
esac
