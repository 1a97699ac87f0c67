// Exit codes, by the numbers of sysexits(3): a script and a unit file can tell a wrong setting from a server that is down.

export const EXIT = {
  ok: { code: 0, meaning: 'Done.' },
  usage: { code: 64, meaning: 'The words of the command line are wrong; the message says which.' },
  bad_data: {
    code: 65,
    meaning:
      'What was downloaded is damaged, too large, not safe to unpack, or not what the publisher signed, and nothing of it was kept; for redact: some records could not be read, the messages say which lines.',
  },
  unavailable: {
    code: 69,
    meaning:
      'The control plane could not be reached, or is in trouble; for status: the agent does not run, or something troubles it.',
  },
  bug: { code: 70, meaning: 'A bug in status-panel. The journal has the stack.' },
  unsupported_platform: {
    code: 71,
    meaning: 'This host has no glibc, which the Node that comes with the program needs.',
  },
  cannot_write: { code: 73, meaning: 'The state directory cannot be used.' },
  not_updated: { code: 75, meaning: 'The update was refused or taken back. The version before it runs.' },
  refused: { code: 77, meaning: 'The control plane refused: the token is wrong, used up or revoked.' },
  configuration: { code: 78, meaning: 'A setting is missing or wrong, or this host is not registered.' },
} as const;

export type ExitName = keyof typeof EXIT;
