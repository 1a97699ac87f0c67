// Values of secret variables are found in every encoding; short and common ones are not looked for.

import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../../src/agent/redaction/redactor.ts';

const VALUE = ['Wf"H6/gjA', 'eK&Co+Pd'].join('');

describe('known values', () => {
  const redactor = createRedactor({ env: { RPC_PASSWORD: VALUE, LANG: 'C.UTF-8' } });

  it.each<readonly [string, string]>([
    ['raw', VALUE],
    ['JSON', JSON.stringify(VALUE).slice(1, -1)],
    ['JSON in JSON', JSON.stringify(JSON.stringify(VALUE).slice(1, -1)).slice(1, -1)],
    ['percent', encodeURIComponent(VALUE)],
    ['percent, lower case', encodeURIComponent(VALUE).replaceAll(/%../g, (code) => code.toLowerCase())],
    ['base64', Buffer.from(VALUE).toString('base64')],
    ['base64 after one byte', Buffer.from(`x${VALUE}`).toString('base64').slice(2)],
    ['base64 after two bytes', Buffer.from(`xy${VALUE}`).toString('base64').slice(3)],
    ['base64url', Buffer.from(VALUE).toString('base64url')],
    ['hex', Buffer.from(VALUE).toString('hex')],
    ['HEX', Buffer.from(VALUE).toString('hex').toUpperCase()],
    ['XML', VALUE.replaceAll('&', '&amp;').replaceAll('"', '&quot;')],
  ])('%s', (_name, written) => {
    const masked = redactor.text(`peer said ${written} and left`);
    expect(masked.text).not.toContain(written.slice(0, 10));
    expect(masked.text).toMatch(/^peer said .* and left$/);
    expect(masked.categories).toContain('env_value');
  });

  it('takes the password out of a URL, and the leaves out of JSON', () => {
    const own = createRedactor({
      env: {
        LEDGER_URL: 'postgres://w:Ta%51mQ9zswIPzvI@pg/ledger',
        APP_CONFIG: '{"port":5432,"db":{"password":"q8Rr2mZk7L"}}',
      },
    });
    expect(own.text('["ledger","TaQmQ9zswIPzvI",5432]').text).toBe('["ledger","***REDACTED:env_value***",5432]');
    expect(own.text('got q8Rr2mZk7L').text).toBe('got ***REDACTED:env_value***');
    expect(own.text('ledger on pg').redacted).toBe(false);
  });

  it('leaves short, common and public values alone, away from their names', () => {
    const own = createRedactor({
      env: {
        POSTGRES_USER: 'warehouse',
        POSTGRES_PASSWORD: 'warehouse',
        A_PASSWORD: 'toor',
        B_PASSWORD: 'changeme',
        C_SECRET: '/run/secrets/c',
        D_TOKEN: '12345678',
        E_PASSWORD: 'billing-service',
      },
      publicValues: ['billing-service'],
    });
    const line = 'warehouse toor changeme /run/secrets/c 12345678 billing-service';
    expect(own.text(line).text).toBe(line);
    expect(own.text('A_PASSWORD=toor').text).toBe('A_PASSWORD=***REDACTED:env_assignment***');
  });

  it('always masks the values it was given, from eight characters', () => {
    const own = createRedactor({ secrets: ['password', 'short', 'line one of it x\nline two of it y'] });
    expect(own.text('a password b short c line two of it y').text).toBe(
      'a ***REDACTED:env_value*** b short c ***REDACTED:env_value***',
    );
  });

  it('finds a long value that is cut off', () => {
    const value = 'kJ7sd8fKJ2sdf98q8Rr2mZk7Lw0Xc5Vx81nGqPz33b';
    const own = createRedactor({ env: { APP_SECRET: value } });
    expect(own.text(`x ${value.slice(0, 32)}`).text).toBe('x ***REDACTED:env_value***');
  });
});
