// What the owner adds in the policy file: names, values (also from files), patterns, and e-mail addresses left alone.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { policySchema } from '../../../src/agent/policy/policy.ts';
import { ownerRulesOf } from '../../../src/agent/redaction/owner-rules.ts';
import { createRedactor, type Redactor } from '../../../src/agent/redaction/redactor.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'owner-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function redactorWith(redaction: unknown): Redactor {
  const { names, values, patterns, maskEmails } = ownerRulesOf(policySchema.parse({ redaction }));
  return createRedactor({ extraNames: names, ownerValues: values, ownerPatterns: patterns, maskEmails });
}

describe('rules of the owner', () => {
  it('a name is masked in every form, whatever its value', () => {
    const redactor = redactorWith({ names: ['HOUSE_CODE'] });
    expect(redactor.text('house-code=abc HouseCode: "x1"').text).toBe(
      'house-code=***REDACTED:env_assignment*** HouseCode: "***REDACTED:env_assignment***"',
    );
  });

  it('a value is masked wherever it appears, also encoded', () => {
    const redactor = redactorWith({ values: ['Blue Door 7/9'] });
    for (const text of [
      'said Blue Door 7/9 twice',
      `q=${encodeURIComponent('Blue Door 7/9')}`,
      `b=${Buffer.from('xBlue Door 7/9').toString('base64')}`,
    ]) {
      expect(redactor.text(text).redacted).toBe(true);
      expect(redactor.text(text).text).not.toMatch(/Blue|Door|Qmx1ZSBEb29y|JsdWUgRG9v/);
    }
  });

  it('a value may stand in a file of its own', () => {
    const file = join(home, 'door');
    writeFileSync(file, 'opensesame77\n');
    expect(redactorWith({ values: [{ file }] }).text('x opensesame77 y').text).toBe('x ***REDACTED:env_value*** y');
  });

  it.each([
    ['that is missing', (file: string) => file],
    ['that is empty', (file: string) => (writeFileSync(file, ' \n'), file)],
    ['that is a directory', () => home],
    ['that is large', (file: string) => (writeFileSync(file, 'x'.repeat(65_537)), file)],
    ['that is a device', () => '/dev/zero'],
  ])('a file %s is refused, by name', (_, make) => {
    const file = make(join(home, 'door'));
    expect(() => redactorWith({ values: [{ file }] })).toThrow(
      expect.objectContaining({ code: 'invalid_configuration' }),
    );
    expect(() => redactorWith({ values: [{ file }] })).toThrow(`redaction.values.0.file: ${file}`);
  });

  it('a pattern is found anywhere, up to the end of its alphabet, and not inside a word', () => {
    const redactor = redactorWith({
      patterns: [{ name: 'acme', prefix: 'acme-', alphabet: 'hex', min_length: 8 }],
    });
    expect(redactor.text('got acme-00ff11ee22,{"t":"acme-0123456789ab"} acme-00ff').text).toBe(
      'got ***REDACTED:owner_rule***,{"t":"***REDACTED:owner_rule***"} acme-00ff',
    );
    expect(redactor.text('xacme-00ff11ee22 ACME-00ff11ee22').redacted).toBe(false);
  });

  it('addresses are left where the owner says so', () => {
    expect(redactorWith({ mask_emails: false }).text('to ann@example.org').redacted).toBe(false);
  });
});
