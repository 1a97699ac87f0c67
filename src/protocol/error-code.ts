// The codes in a report's `errors`, each with its meaning and what to do: docs/errors.md is generated from this table.

interface ErrorCodeEntry {
  readonly meaning: string;
  readonly action: string;
}

export const ERROR_CODES = {
  unsupported_command: {
    meaning: 'This agent has no command of that type.',
    action: 'Send one of the types in docs/commands.md, or update the agent.',
  },
  invalid_parameters: {
    meaning: 'A parameter is missing, of the wrong type or out of range; the message names it.',
    action: 'Correct the named parameter and send the command again.',
  },
  invalid_cursor: {
    meaning: 'The log cursor is damaged, from another agent version, or belongs to another container.',
    action: 'Ask for logs without a cursor to start again from the newest lines.',
  },
  container_not_found: {
    meaning: 'No container of this deployment has that app_code or name.',
    action: 'Check the app_code against the names in the error details.',
  },
  container_ambiguous: {
    meaning: 'More than one container answers to that app_code; the candidates are in the details.',
    action: 'Send the command again with "container" set to one of the candidates.',
  },
  not_allowed: {
    meaning: 'The owner of the host does not allow this.',
    action: 'Ask the owner; the setting that would allow it stands in the message.',
  },
  logs_unavailable: {
    meaning: "The container's log driver keeps no logs that the engine can read back.",
    action: 'Use the json-file, local or journald log driver for that container.',
  },
  restart_failed: {
    meaning: 'The container was restarted but did not keep running.',
    action: 'Read its logs: it exits by itself after it starts.',
  },
  state_not_reached: {
    meaning: 'The container is not in the state that was asked for; the message says in which it is.',
    action: 'Read its logs; it may exit by itself, or its restart policy may start it again.',
  },
  docker_unavailable: {
    meaning: 'The Docker Engine does not answer on its socket, or the agent may not open it.',
    action: 'Check "systemctl status docker", and that the agent is a member of the group that owns the socket.',
  },
  docker_error: {
    meaning: 'The Docker Engine refused the request; the message holds its answer.',
    action: 'Read the message; "journalctl -u docker" has the other side.',
  },
  timeout: {
    meaning: 'The command did not end before its deadline.',
    action: 'Check the load of the host and of the Docker Engine; send again with a larger timeout_seconds.',
  },
  interrupted: {
    meaning: 'The agent stopped while the command ran, and what is known of its effect stands in the message.',
    action: 'Look at the state of the container, then send the command again if it is still wanted.',
  },
  cancelled: {
    meaning: 'The command was cancelled before it had ended; what it had done by then stands in the message.',
    action: 'Nothing, or look at the state of the container if the command was a change.',
  },
  update_unavailable: {
    meaning: 'This agent cannot be updated from the control plane; the message says what is missing.',
    action: 'Run the installer again on the host, or update there with "status-panel update".',
  },
  update_failed: {
    meaning: 'The update was refused or taken back; the message says why. The version before it runs.',
    action: 'Read the message; "journalctl -u status-panel-update" on the host has the whole story.',
  },
  delivery_lost: {
    meaning:
      'The control plane handed the command out, but it never arrived, and it is too late to run it now. It did not run.',
    action: 'Send it again if it is still wanted.',
  },
  expired: {
    meaning: 'The command was too old when it could have run.',
    action: 'Send it again if it is still wanted.',
  },
  cannot_journal: {
    meaning:
      'The state directory cannot be written, so a change could be neither recorded nor recognised if it came twice.',
    action: "Make room on the file system of the agent's state directory; reads go on working meanwhile.",
  },
  report_too_large: {
    meaning: 'The result was larger than the server accepts and was left out.',
    action: 'Ask for less: a smaller limit, or one app instead of all.',
  },
  report_rejected: {
    meaning: 'The server refused the full report, so its result was left out.',
    action: "Look for «report refused» in the agent's journal: the server's reason stands there.",
  },
  internal_error: {
    meaning: 'A bug in the agent. The command may have had its effect.',
    action: 'Report it with the lines of the journal that carry this command_id.',
  },
} as const satisfies Readonly<Record<string, ErrorCodeEntry>>;

export type ErrorCode = keyof typeof ERROR_CODES;
