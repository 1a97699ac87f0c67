#!/bin/sh
# Becomes the agent on systemd before 253, where 10-v253.conf is not used. Newer versions hand over a socket for what the agent says to systemd;
# these do not, and Node cannot open such a socket. So it goes through a pipe to a loop that passes it on, one line a message.
set -eu
pipe=$RUNTIME_DIRECTORY/notify
rm -f "$pipe"
mkfifo -m 600 "$pipe"
# First for both directions, for opening one end alone waits for the other. The loop ends with the last writer, which is the agent.
exec 4<>"$pipe" 5<"$pipe" 3>"$pipe"
rm "$pipe"
while read -r message; do systemd-notify "$message" || true; done <&5 3>&- 4>&- 5<&- &
exec 4>&- 5<&-
# As sd_listen_fds(3) has it; exec keeps the number of the process.
LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=notify
export LISTEN_PID LISTEN_FDS LISTEN_FDNAMES
exec "$(dirname "$0")/../bin/status-panel" run
