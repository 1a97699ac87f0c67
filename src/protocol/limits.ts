// Every limit of the wire in one place: what is longer is refused, on both sides (PROTOCOL.md §0, ARCHITECTURE.md rule 10).

export const LIMITS = {
  /** The server's JSON body limit; a report over it is lost (PROTOCOL.md §0). */
  reportMaxBytes: 2_097_152,
  /** What the agent allows itself, so that a re-encoded report still fits. */
  reportTargetBytes: 2_000_000,
  /** An answer to the agent: a deploy carries compose text and configuration files. */
  answerMaxBytes: 8 * 1024 * 1024,
  deploymentHashMaxChars: 128,
  commandIdMaxChars: 64,
  commandTypeMaxChars: 100,
  agentVersionMaxChars: 50,
  agentTokenMaxChars: 512,
  purchaseTokenMaxChars: 200,
  stackIdMaxChars: 128,
  userIdMaxChars: 255,
  urlMaxChars: 2_048,
  appCodeMaxChars: 255,
  containerNameMaxChars: 255,
  cursorMaxChars: 1_024,
  messageMaxChars: 4_096,
  errorsMaxCount: 100,
  capabilitiesMaxCount: 64,
  capabilityMaxChars: 100,
  cancelsMaxCount: 200,
  workingMaxCount: 200,
  timestampMaxChars: 40,
  timeoutMaxSeconds: 86_400,
  logLinesMaxCount: 1_000,
  /** One log line after redaction; a longer one is cut with a mark. */
  logMessageMaxBytes: 1_048_576,
  pollTimeoutMinSeconds: 5,
  pollTimeoutMaxSeconds: 120,
  pollIntervalMinSeconds: 1,
  pollIntervalMaxSeconds: 10,
} as const;
