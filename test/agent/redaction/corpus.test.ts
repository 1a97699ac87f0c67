// The figures promised for the redactor, on the generated corpus; the benchmark prints them in full.

import { describe, expect, it } from 'vitest';
import { measure } from '../../../scripts/bench/redaction.ts';
import { generateCorpus } from '../../../scripts/bench/redaction/corpus.ts';

describe('generated corpus', () => {
  const corpus = generateCorpus(1);

  it('is large enough', () => {
    expect(
      new Set(corpus.filter((record) => record.secret !== null).map((record) => record.secret)).size,
    ).toBeGreaterThan(500);
    expect(corpus.filter((record) => record.secret === null).length).toBeGreaterThan(10_000);
  });

  it('is masked as promised', () => {
    const report = measure(corpus);
    const scores = [...report.kinds.values()];
    const secrets = scores.reduce((sum, score) => sum + score.secrets, 0);
    const leaked = scores.reduce((sum, score) => sum + score.leaked, 0);
    expect(leaked / secrets).toBeLessThanOrEqual(0.01);
    expect([...report.kinds].filter(([, score]) => score.leaked / score.secrets > 0.05)).toStrictEqual([]);
    expect(report.kinds.get('env-value')?.leaked).toBe(0);
    expect(report.benignChanged / report.benign).toBeLessThanOrEqual(0.003);
    expect(report.kept / report.keep).toBeGreaterThanOrEqual(0.995);
    expect(report.jsonValid).toBe(report.json);
    expect(report.lineCountChanged).toBe(0);
  });
});
