#!/bin/sh
# Becomes the agent. Run by status-panel.service; gives the process no more than it needs, and a way to talk to systemd.
set -eu
home=$(cd "$(dirname "$0")/.." && pwd -P)

# systemd 253 and newer hands over its own socket (OpenFile= in 10-v253.conf). Older versions do not, and Node cannot open such a socket. So what
# the agent says goes through a pipe to a loop that passes it on, one line a message, with systemd's own program for that.
if [ -z "${LISTEN_FDS:-}" ] && [ -n "${NOTIFY_SOCKET:-}" ]; then
  pipe=$RUNTIME_DIRECTORY/notify
  rm -f "$pipe"
  mkfifo -m 600 "$pipe"
  # First for both directions, for opening one end alone waits for the other. The loop ends with the last writer, which is the agent.
  exec 4<>"$pipe" 5<"$pipe" 3>"$pipe"
  rm "$pipe"
  while read -r message; do systemd-notify "$message" || true; done <&5 3>&- 4>&- 5<&- &
  exec 4>&- 5<&-
  LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=notify
  export LISTEN_PID LISTEN_FDS LISTEN_FDNAMES
fi

# Node's own permissions, inside systemd's: no child processes, no native code, no threads of JavaScript, writes to the state directory alone.
exec "$home/bin/node" --permission --allow-fs-read='*' --allow-fs-write="$STATE_DIRECTORY" "$home/lib/status-panel.mjs" run
