// The blacklist is a contract: this pins it to the agreed list, and every name on it is masked in each of its forms.

import { describe, expect, it } from 'vitest';
import { NameVerdicts } from '../../../src/agent/redaction/name-verdict.ts';
import { createRedactor } from '../../../src/agent/redaction/redactor.ts';
import { BLACKLISTED_NAMES } from '../../../src/agent/redaction/secret-names.ts';

const AGREED =
  'AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN DATABASE_URL DB_PASSWORD MYSQL_ROOT_PASSWORD PGPASSWORD MONGO_PASSWORD API_KEY API_SECRET AUTH_TOKEN SECRET_KEY PRIVATE_KEY STRIPE_SECRET_KEY STRIPE_API_KEY TWILIO_AUTH_TOKEN GITHUB_TOKEN GITLAB_TOKEN SENDGRID_API_KEY MAILGUN_API_KEY CERT_PASSWORD KEY_PASSWORD SSL_KEY_PASSWORD';

function camel(name: string): string {
  return name.toLowerCase().replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

describe('blacklisted names', () => {
  it('are the agreed ones', () => {
    expect(BLACKLISTED_NAMES).toStrictEqual(AGREED.split(' '));
  });

  it.each(BLACKLISTED_NAMES)('%s is masked whatever its value, in every form of the name', (name) => {
    const redactor = createRedactor();
    for (const form of [name, name.toLowerCase(), name.toLowerCase().replaceAll('_', '-'), camel(name)]) {
      const mark = name === 'DATABASE_URL' ? '***REDACTED:cloud_db_credential***' : '***REDACTED:env_assignment***';
      expect(redactor.text(`${form}=toor`).text).toBe(`${form}=${mark}`);
      expect(redactor.text(`{"${form}":"toor"}`).text).toBe(`{"${form}":"${mark}"}`);
    }
  });
});

describe('other names', () => {
  const names = new NameVerdicts(['HOUSE_RULE']);

  it.each([
    'smtpPass',
    'RESTIC_PASSWORD',
    'x-api-key',
    'REDISCLI_AUTH',
    'userPwd',
    'client.secret',
    'HOUSE_RULE',
    'GITEA__database__PASSWD',
  ])('%s is secret', (name) => {
    expect(['password', 'secret', 'weak']).toContain(names.of(name));
  });

  it.each([
    'OLDPWD',
    'max_tokens',
    'primary_key',
    'secretName',
    'PASSWORD_FILE',
    'token_ttl',
    'csrf_token',
    'monkey',
    'author',
    'KEYCLOAK_REALM',
    'GPG_KEY',
    'nextPageToken',
    'bypass',
    'passenger',
  ])('%s is not', (name) => {
    expect(names.of(name)).toBe('none');
  });
});
