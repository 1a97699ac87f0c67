// What is masked, rule by rule, with an example that must match and one that must not: the source of the documentation.

import { inClass } from './characters.ts';
import { INFIX_TOKENS } from './infix-tokens.ts';
import type { IssuerToken } from './issuer-token.ts';
import { ISSUER_TOKENS } from './issuer-tokens.ts';
import type { RedactionCategory } from './redactor.ts';
import { ALPHABETS } from './token-match.ts';

export interface Rule {
  readonly id: string;
  readonly category: RedactionCategory;
  readonly description: string;
  /** A line of which `secret` must be masked. Built from parts: no file holds a token's look-alike. */
  readonly matches: { readonly text: string; readonly secret: string };
  /** A line that must stay as it is. */
  readonly leaves: string;
}

const FILLER = 'q7Kd2Zx9Lm4Rw8Tb5Vc3Hn6Pj1Gf0sYa';
const DECIMAL_FILLER = '4815162342';

function filler(members: Uint8Array, length: number): string {
  const usable = `${FILLER}${DECIMAL_FILLER}${FILLER.toLowerCase()}${FILLER.toUpperCase()}`
    .split('')
    .filter((character) => inClass(members, character.charCodeAt(0)))
    .join('');
  return usable.repeat(Math.ceil(length / usable.length)).slice(0, length);
}

function issuerRule([id, issuer, prefix, alphabet, minimum, flag]: IssuerToken): Rule {
  const exact = flag === 'v' || flag === 'k';
  const secret = prefix + filler(ALPHABETS[alphabet], exact ? minimum : Math.max(minimum, 24));
  return {
    id,
    category: 'api_token',
    description: `${issuer}: \`${prefix}\` and at least ${minimum} characters`,
    matches: { text: `request with ${secret} refused`, secret },
    leaves: `request with ${prefix}… refused`,
  };
}

const INFIX_RULES: readonly Rule[] = INFIX_TOKENS.map((rule) => {
  const left = filler(rule.left, rule.leftMin);
  const secret = left + rule.infix + filler(rule.right, Math.max(rule.rightMin, 2));
  return {
    id: rule.id,
    category: 'api_token',
    description: `${rule.description}: \`${rule.infix}\` inside`,
    matches: { text: `request with ${secret} refused`, secret },
    leaves: `request with ${rule.infix} refused`,
  };
});

type Written = readonly [
  id: string,
  category: RedactionCategory,
  description: string,
  before: string,
  secret: string,
  after: string,
  leaves: string,
];

const VALUE = FILLER.slice(0, 16);
const DASHES = '-----';
const BODY = filler(ALPHABETS.A, 64);
const CARD = ['4111', '1111', '1111', '1111'];

// biome-ignore format: one rule, one line
const WRITTEN: readonly Written[] = [
  ['name-equals', 'env_assignment', '`name=value` with a secret name, wherever it stands', 'level=info api_secret=', VALUE, ' workers=4', 'level=info max_tokens=512'],
  ['env-line', 'env_assignment', '`NAME=value` as its own line: the value is the rest of it', 'RESTIC_PASSWORD=', 'Tidal Wave 77', '', 'DB_PASSWORD_FILE=/run/secrets/db'],
  ['name-colon', 'env_assignment', '`name: value` (YAML, prose): the value must look like one or end the line', 'bind_password: ', VALUE, '', 'failed to get secret: context deadline exceeded'],
  ['json', 'env_assignment', 'JSON, plain, nested and escaped', '{"dbPassword":"', VALUE, '","size":8}', '{"token_type":"Bearer","expires_in":3600}'],
  ['name-value-pair', 'env_assignment', 'a name and its value as neighbours', '{"key":"SMTP_PASSWORD","value":"', VALUE, '"}', '{"key":"REGION","value":"eu"}'],
  ['xml', 'env_assignment', 'XML elements and attribute pairs', '<proxyPassword>', VALUE, '</proxyPassword>', '<passwordPolicy>strong</passwordPolicy>'],
  ['object-dump', 'env_assignment', 'hashes and structs of Ruby, PHP, Python, Go, Java', '{:port=>6379, :password=>"', VALUE, '"}', '{:port=>6379, :password=>nil}'],
  ['command-line', 'env_assignment', 'flags and the short options of well-known clients', 'app --user bob --password ', VALUE, ' --verbose', 'use --password to set the password'],
  ['query', 'env_assignment', 'parameters of URLs and forms, also percent-encoded', 'GET /feed?access_token=', VALUE, '&n=5', 'GET /feed?page=5&sort=key'],
  ['table', 'env_assignment', 'rows of a two-column table', '| password | ', VALUE, ' |', '| id | password | role |'],
  ['delimited', 'env_assignment', 'cells below a secret name: CSV with a heading, tables of `psql` and `mysql`', 'id,login,password\n7,bob,', VALUE, '', 'id,prompt,tokens\n7,chat,512'],
  ['odbc', 'env_assignment', 'values in braces of ODBC connection strings', 'DRIVER={ODBC Driver 18};UID=app;PWD={', `${VALUE}!`, '};DATABASE=shop', 'UID=app;PWD={PASSWORD};DATABASE=shop'],
  ['auth-command', 'env_assignment', '`AUTH` as clients of Redis print a failed command', "command: { name: 'AUTH', args: [ 'app', '", VALUE, "' ] }", "command: { name: 'GET', args: [ 'app' ] }"],
  ['sql', 'env_assignment', 'SQL that sets a password', "CREATE ROLE app LOGIN PASSWORD '", VALUE, "'", 'UPDATE users SET password = $1'],
  ['insert', 'env_assignment', 'an SQL `INSERT` into columns with secret names', "INSERT INTO users (login, password) VALUES ('bob', '", VALUE, "')", "INSERT INTO users (login, created) VALUES ('bob', 'today')"],
  ['typed', 'env_assignment', 'declarations, where a type stands between name and value', 'var apiToken string = "', VALUE, '"', 'var tokenCount int = 5'],
  ['call', 'env_assignment', 'the secret argument of calls that are known to take one', "HTTPBasicAuth('bob', '", VALUE, "')", "login('bob', 'home')"],
  ['positional', 'env_assignment', 'commands that take the password without an option', 'rabbitmqctl add_user bob ', VALUE, '', 'rabbitmqctl list_users'],
  ['option-pair', 'env_assignment', 'a name and its value as arguments of two options', 'reg add HKLM\\Software\\App /v DbPassword /t REG_SZ /d ', VALUE, ' /f', 'reg add HKLM\\Software\\App /v PasswordFile /t REG_SZ /d none /f'],
  ['resolved', 'env_assignment', 'what a reference is said to stand for', '${DB_PASSWORD} resolved to ', VALUE, '', 'could not resolve ${DB_PASSWORD} to a value'],
  ['modem-pin', 'env_assignment', 'PINs that a modem is given', 'AT+CPIN="', '4815', '"', 'AT+CPIN?'],
  ['echoed', 'env_assignment', 'what is piped into a login', 'echo ', VALUE, ' | docker login -u bob --password-stdin', 'echo ready | tee log'],
  ['mail-login', 'env_assignment', 'IMAP, POP, FTP and SASL logins', 'a1 LOGIN bob ', VALUE, '', 'a1 LOGIN bob'],
  ['redis-acl', 'env_assignment', 'passwords in rules of Redis', 'user app on >', VALUE, ' ~* +@all', 'user app on nopass ~* +@all'],
  ['one-time-code', 'env_assignment', 'one-time codes behind their name', 'otp code ', '459585', ' sent', 'otp code sent'],
  ['announced', 'env_assignment', 'a generated password at the end of the clause that announces it', 'Password for the admin user (change it soon): ', VALUE, '', 'Password for the admin user: unchanged'],
  ['sentence', 'env_assignment', 'a sentence that quotes a generated secret after its name', 'the new password is ', VALUE, '', 'password reset requested for user 5'],
  ['url-password', 'cloud_db_credential', 'the password in a URL', 'dial postgres://app:', VALUE, '@db:5432/shop', 'dial postgres://app@db:5432/shop'],
  ['dsn', 'cloud_db_credential', 'connection strings without keys', 'open app:', VALUE, '@tcp(db:3306)/shop', 'open app@tcp'],
  ['oracle', 'cloud_db_credential', 'connect strings of Oracle', 'sqlplus -s app/', VALUE, '@ORCL', 'sqlplus /nolog'],
  ['aws-key-id', 'cloud_db_credential', 'AWS key ids, and the secret that stands near one', 'key AKIA', filler(ALPHABETS.V, 16), ' used', 'AKIA is a prefix'],
  ['presigned-url', 'cloud_db_credential', 'signatures of presigned URLs', 'https://b.example.org/k?sig=', filler(ALPHABETS.X, 64), '&x=1', 'https://b.example.org/k?sign=up'],
  ['authorization', 'api_token', '`Authorization` of any scheme, and `Bearer …` anywhere', 'Authorization: Bearer ', VALUE, '', 'WWW-Authenticate: Bearer realm="registry"'],
  ['cookie', 'api_token', 'cookies with a secret name or a generated value', 'Cookie: theme=dark; session=', VALUE, '; lang=en', 'Cookie: theme=dark; lang=en'],
  ['jwt', 'api_token', 'JSON Web Tokens and other signed JSON', 'got ', ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiJ1NyJ9', BODY.slice(0, 43)].join('.'), '', 'cursor eyJpZCI6'],
  ['token-path', 'api_token', 'long generated segments of links that log somebody in', 'open https://x.example.org/reset-password/', filler(ALPHABETS.A, 32), '', 'GET /reset-password/ 200'],
  ['webhook', 'api_token', 'paths of webhook addresses', 'POST https://hooks.slack.com/services/', `T0000/B0000/${VALUE}`, ' 200', 'POST https://hooks.slack.com/ 200'],
  ['email', 'pii_email', 'e-mail addresses (can be switched off)', 'invite queued for ', 'ann.lee@example.org', '', 'cloned git@github.com:acme/web.git'],
  ['card', 'payment_card', 'card numbers of known issuers with a right check digit', 'charged ', CARD.join(' '), '', `charged ${[...CARD.slice(0, 3), '1112'].join(' ')}`],
  ['private-key', 'private_key', 'PEM, OpenSSH, PGP and PuTTY blocks, across lines or escaped, also cut off', `${DASHES}BEGIN PRIVATE KEY${DASHES}\n`, BODY, `\n${DASHES}END PRIVATE KEY${DASHES}`, `${DASHES}BEGIN PUBLIC KEY${DASHES}\n${BODY}\n${DASHES}END PUBLIC KEY${DASHES}`],
];

export const RULES: readonly Rule[] = [
  ...WRITTEN.map(
    ([id, category, description, before, secret, after, leaves]): Rule => ({
      id,
      category,
      description,
      matches: { text: before + secret + after, secret },
      leaves,
    }),
  ),
  ...ISSUER_TOKENS.map(issuerRule),
  ...INFIX_RULES,
];
