// What the host's owner adds to the redactor's rules in the policy file: names, values, patterns, and whether addresses are masked.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { constants } from 'node:fs';
import { describeError, Fault } from '../../platform/fault.ts';
import type { Policy } from '../policy/policy.ts';
import { OwnerPatterns } from './owner-patterns.ts';

/** A secret of one line; a file that is larger holds something else. */
export const VALUE_FILE_MAX_BYTES = 65_536;
export const VALUE_MIN_CHARS = 6;

export interface OwnerRules {
  readonly names: readonly string[];
  readonly values: readonly string[];
  readonly patterns: OwnerPatterns;
  readonly maskEmails: boolean;
}

export const NO_OWNER_RULES: OwnerRules = {
  names: [],
  values: [],
  patterns: new OwnerPatterns([]),
  maskEmails: true,
};

/**
 * Reads the files that the policy names. Throws Fault invalid_configuration when one cannot be read or holds no secret: what its owner
 * wants masked must not go out because a path was mistyped.
 */
export function ownerRulesOf(policy: Policy): OwnerRules {
  const { names, values, patterns, mask_emails: maskEmails } = policy.redaction;
  return {
    names,
    values: values.map((value, index) => (typeof value === 'string' ? value : valueIn(value.file, index))),
    patterns: new OwnerPatterns(patterns),
    maskEmails,
  };
}

function valueIn(file: string, index: number): string {
  const at = `redaction.values.${index}.file: ${file}`;
  let text: string | undefined;
  try {
    text = readSmallFile(file, VALUE_FILE_MAX_BYTES);
  } catch (error) {
    throw new Fault('invalid_configuration', `${at}: cannot be read (${describeError(error)})`);
  }
  if (text === undefined) {
    throw new Fault('invalid_configuration', `${at}: is no regular file of at most ${VALUE_FILE_MAX_BYTES} bytes`);
  }
  const value = text.trim();
  if (value.length < VALUE_MIN_CHARS) {
    throw new Fault('invalid_configuration', `${at}: holds fewer than ${VALUE_MIN_CHARS} characters`);
  }
  return value;
}

/** The text of a regular file, or undefined when it is none or larger. A pipe or a device is not waited for. Throws the system's error. */
export function readSmallFile(path: string, maxBytes: number): string | undefined {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const facts = fstatSync(file);
    if (!facts.isFile() || facts.size > maxBytes) return undefined;
    const bytes = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, null);
    }
    return length > maxBytes ? undefined : bytes.toString('utf8', 0, length);
  } finally {
    closeSync(file);
  }
}
