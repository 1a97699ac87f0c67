// Every rule's example is masked and its counterexample is left alone.

import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../../src/agent/redaction/redactor.ts';
import { RULES } from '../../../src/agent/redaction/rules.ts';

describe('redaction rules', () => {
  const redactor = createRedactor();

  it.each(RULES.map((rule) => [rule.id, rule] as const))('%s', (_id, rule) => {
    const masked = redactor.text(rule.matches.text);
    expect(masked.text).not.toContain(rule.matches.secret);
    expect(masked.redacted).toBe(true);
    expect(masked.text).toContain(
      rule.matches.text.slice(0, Math.max(0, rule.matches.text.indexOf(rule.matches.secret) - 8)),
    );
    expect(redactor.text(rule.leaves)).toStrictEqual({ text: rule.leaves, redacted: false, categories: [] });
  });

  it('ids are unique', () => {
    expect(new Set(RULES.map((rule) => rule.id)).size).toBe(RULES.length);
  });

  it('the written rules report their category', () => {
    for (const rule of RULES.filter((candidate) => candidate.category !== 'api_token')) {
      const { categories } = redactor.text(rule.matches.text);
      expect([rule.id, categories.length > 0]).toStrictEqual([rule.id, true]);
    }
  });
});
