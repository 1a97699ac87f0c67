// The part of the policy file that says what must not leave the host in logs and reports, beside what the agent masks by itself.
import { z } from 'zod';

/** The bounds of the section: what an owner writes by hand is small, and each entry costs time on every line of a log. */
const NAMES_MAX_COUNT = 256;
const VALUES_MAX_COUNT = 256;
const PATTERNS_MAX_COUNT = 64;

const name = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'a name has letters, digits, "_", "-" and "." only');

// Shorter values occur in lines by chance: masking them would take words apart.
const literal = z
  .string()
  .max(4096)
  .refine((value) => value.trim().length >= 6, 'has fewer than 6 characters: so short a value occurs by chance');

const file = z.string().max(4096).regex(/^\//, 'must be an absolute path');

const pattern = z.strictObject({
  /** For whoever reads the file. */
  name: z
    .string()
    .max(64)
    .regex(/^[a-z][a-z0-9_-]*$/, 'begins with a small letter and has small letters, digits, "_" and "-" only'),
  /** How the token begins, letter case included. */
  prefix: z
    .string()
    .min(3, 'has fewer than 3 characters: so short a prefix is found in words')
    .max(64)
    .regex(/^[\x21-\x7e]+$/, 'has visible ASCII characters only, no blanks'),
  /** What the rest is made of. */
  alphabet: z.enum(['alphanumeric', 'upper_alphanumeric', 'hex', 'digits', 'word', 'base64', 'base64url']),
  /** Characters behind the prefix, at least; the mask goes on as far as the alphabet does. */
  min_length: z.int().min(4).max(1024).default(8),
});

export const redactionPolicy = z.strictObject({
  /** Whether a control plane that asks for logs with `redact: false` gets them with their secrets in them. */
  allow_unredacted_logs: z.boolean().default(false),
  /** Further names whose values are always masked, in any letter case and as kebab or camel form. */
  names: z.array(name).max(NAMES_MAX_COUNT).default([]),
  /** Values that are always masked, wherever they appear and however they are encoded; `{ "file": … }` keeps them out of this file. */
  values: z
    .array(z.union([literal, z.strictObject({ file })]))
    .max(VALUES_MAX_COUNT)
    .default([]),
  /** Tokens of one's own making. */
  patterns: z.array(pattern).max(PATTERNS_MAX_COUNT).default([]),
  /** Whether e-mail addresses are masked. */
  mask_emails: z.boolean().default(true),
});
