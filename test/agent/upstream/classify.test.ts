// What each answer of the production server means, on a server that says 400 for nearly everything.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify } from '../../../src/agent/upstream/classify.ts';
import { GOLDEN_ANSWERS } from '../../protocol/vectors.ts';

describe('classify', () => {
  it.each(GOLDEN_ANSWERS)('$status, $name: $verdict', ({ status, body, verdict }) => {
    expect(classify(status, body).kind).toBe(verdict);
  });

  it('gives the reason with status and sentence', () => {
    expect(classify(400, '{"message":"Invalid agent token"}')).toEqual({
      kind: 'unauthorized',
      reason: 'HTTP 400: Invalid agent token',
    });
    expect(classify(403, '')).toEqual({ kind: 'forbidden', reason: 'HTTP 403' });
    expect(classify(302, '')).toMatchObject({ reason: expect.stringContaining('server_url') });
  });

  it.each([200, 201, 202, 204])('takes %i for yes', (status) => {
    expect(classify(status, '').kind).toBe('accepted');
  });

  it.each([407, 408, 421, 425, 429, 500, 502, 503, 504, 599])('tries again after %i', (status) => {
    expect(classify(status, '').kind).toBe('try-later');
  });

  it.each([400, 404, 409, 410, 415, 422])('takes %i for final only in the words of the server itself', (status) => {
    expect(classify(status, '{"message":"Command not found"}').kind).toBe('rejected');
    expect(classify(status, '').kind).toBe('try-later');
    expect(classify(status, '<html><title>nginx</title></html>').kind).toBe('try-later');
  });

  it('takes 413 for final whoever says it', () => {
    expect(classify(413, '<html>').kind).toBe('rejected');
  });

  it('has a verdict and a short reason for every answer there can be', () => {
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 599 }), fc.string({ maxLength: 400 }), (status, body) => {
        const verdict = classify(status, body);
        const reason = verdict.kind === 'accepted' ? '' : verdict.reason;
        expect(verdict.kind === 'accepted').toBe(status < 300);
        expect(reason.length).toBeLessThan(4_200);
      }),
    );
  });
});
