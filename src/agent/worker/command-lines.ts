// The two lines a command has in the journal, whatever else is written or held back there.
export const COMMAND_LINE = { received: 'command received', finished: 'command finished' } as const;
