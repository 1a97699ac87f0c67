// The host owner's policy: what the control plane may not decide. A file that only the owner writes; it can narrow, never widen (REQUIREMENTS A14).
import { z } from 'zod';
import { describeError, Fault } from '../../platform/fault.ts';
import { readIfPresent } from '../../platform/durable-file.ts';
import { redactionPolicy } from './redaction-policy.ts';

/** The file's schema: strict, so that a misspelt key is an error and not a permission that was never taken away. */
export const policySchema = z.strictObject({
  redaction: redactionPolicy.prefault({}),
  update: z
    .strictObject({
      /** Whether the control plane may ask this host to install another version of the agent. */
      allow_from_control_plane: z.boolean().default(false),
    })
    .prefault({}),
});
export type Policy = z.infer<typeof policySchema>;

export const DEFAULT_POLICY: Policy = policySchema.parse({});

const EXAMPLE = '{"redaction": {"allow_unredacted_logs": false}}';

/**
 * The policy in `path`, or the defaults when there is no such file. Throws Fault invalid_configuration, with every fault, a line each,
 * for a file that cannot be read or understood: an agent must not run under a policy it has guessed.
 */
export function loadPolicy(path: string): Policy {
  const parsed = policySchema.safeParse(readPolicyFile(path));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    ({ path: at, message }) => `${path}: ${at.length === 0 ? '' : `${at.join('.')}: `}${message}`,
  );
  throw new Fault('invalid_configuration', `${faults.join('\n')}; an example: ${EXAMPLE}`);
}

function readPolicyFile(path: string): unknown {
  let text: string | undefined;
  try {
    text = readIfPresent(path);
  } catch (error) {
    throw new Fault('invalid_configuration', `${path}: cannot be read (${describeError(error)})`);
  }
  if (text === undefined) return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Fault('invalid_configuration', `${path}: is not JSON (${describeError(error)}); an example: ${EXAMPLE}`);
  }
}
