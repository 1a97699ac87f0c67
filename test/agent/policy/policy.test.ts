// The policy file: the least is allowed without it, and a file that cannot be understood is never taken for permission.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_POLICY, loadPolicy } from '../../../src/agent/policy/policy.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'policy-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function load(content: string): unknown {
  const path = join(home, 'policy.json');
  writeFileSync(path, content);
  return loadPolicy(path);
}

describe('the policy file', () => {
  it('allows the least when there is none', () => {
    expect(loadPolicy(join(home, 'none.json'))).toEqual(DEFAULT_POLICY);
    expect(DEFAULT_POLICY.redaction.allow_unredacted_logs).toBe(false);
    expect(DEFAULT_POLICY.update.allow_from_control_plane).toBe(false);
  });

  it('changes what it names and leaves the rest', () => {
    expect(load('{"redaction": {"allow_unredacted_logs": true}}')).toEqual({
      ...DEFAULT_POLICY,
      redaction: { ...DEFAULT_POLICY.redaction, allow_unredacted_logs: true },
    });
  });

  it.each([
    ['{"redaction": {"allow_unredacted_log": false}}', 'allow_unredacted_log'],
    ['{"redactoin": {}}', 'redactoin'],
    ['{"update": {"allow_from_control_plane": "no"}}', 'update.allow_from_control_plane'],
    ['{"redaction": {"names": ["A B"]}}', 'redaction.names.0: a name has letters'],
    ['{"redaction": {"values": ["abc"]}}', 'redaction.values.0'],
    ['{"redaction": {"values": [{"file": "door"}]}}', 'redaction.values.0'],
    ['{"redaction": {"patterns": [{"name": "x", "prefix": "ab", "alphabet": "hex"}]}}', 'fewer than 3 characters'],
    [
      '{"redaction": {"patterns": [{"name": "x", "prefix": "abc", "alphabet": "any"}]}}',
      'redaction.patterns.0.alphabet',
    ],
    ['{"redaction": {"patterns": [{"name": "x", "regex": "a+"}]}}', 'regex'],
    ['[]', 'expected object'],
    ['', 'is not JSON'],
    ['{"redaction": ', 'is not JSON'],
  ])('is refused as a whole when it says %s', (content, complaint) => {
    expect(() => load(content)).toThrow(expect.objectContaining({ code: 'invalid_configuration' }));
    expect(() => load(content)).toThrow(complaint);
    expect(() => load(content)).toThrow('an example');
  });

  it('is refused when it is there and cannot be read', () => {
    expect(() => loadPolicy(home)).toThrow('cannot be read');
  });
});
