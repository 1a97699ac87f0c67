// The literals that one pass looks for, each with the matcher that is asked when it is found.

import { matchName } from './assignment.ts';
import { Automaton } from './automaton.ts';
import { COMMANDS, matchCommand } from './command-line.ts';
import { matchEmail } from './email-address.ts';
import { matchBasic, matchBearer } from './header-value.ts';
import { matchCard } from './payment-card.ts';
import { matchEncodedKey, matchKeyBegin, matchKeyEnd, matchPuttyLines, matchPuttyMac } from './private-key.ts';
import { ISSUER_TOKENS } from './issuer-tokens.ts';
import type { Scan } from './scan.ts';
import { matchIdentifiedBy, matchLoginCommand, matchTemporaryPassword } from './statement.ts';
import {
  INFIX_TOKENS,
  matchDiscord,
  matchInfix,
  matchIssuerToken,
  matchJwt,
  matchTokenAfter,
  matchTwilio,
} from './token-match.ts';
import { matchAwsKeyId, matchGoDsn, matchPgPass, matchSlashDsn, matchUrl, matchWebhook } from './url-credentials.ts';

/** `end` is just behind the literal. */
type Matcher = (scan: Scan, end: number) => void;

export interface Anchor {
  readonly literal: string;
  readonly match: Matcher;
}

/** Parts of names; the whole name around one is judged. Short ones are anchored with what may follow a name. */
const STEMS =
  'passw passphrase passcode passwd pass_ pwd secret token apikey api_key api-key _key -key .key key= key" key\' key: key% key\\ key] auth cred salt cookie session sess_ sessid sessionid jwt hmac webhook assertion mnemonic passe contrasena senha wachtwoord kennwort userpwd psk seed pepper requirepass bindpw rootpw signature license database_url database-url databaseurl recovery_ backup_code code_verifier samlresponse saml_response dockerconfigjson credential privatekey private_key accesskey secretkey accountkey encryptionkey signingkey masterkey sharedkey presharedkey authkey key> remember storepass keypass'.split(
    ' ',
  );
const SHORT_NAMES = 'pass pw sig sid pin otp cvv cvc key code hmac sign tok ticket totp bearer sas sso'.split(' ');
const NAME_CLOSERS = ['=', '"', "'", ':', '%', '\\', ' =', ' :', ']', '>'];

const AWS_PREFIXES = ['AKIA', 'ASIA', 'ABIA', 'ACCA'];

const WEBHOOKS = [
  'hooks.slack.com/services/',
  'hooks.slack.com/workflows/',
  'hooks.slack.com/triggers/',
  'discord.com/api/webhooks/',
  'discordapp.com/api/webhooks/',
  'webhook.office.com/webhookb2/',
  'outlook.office.com/webhook/',
  'hooks.zapier.com/hooks/catch/',
  'hooks.zapier.com/hooks/standard/',
  'maker.ifttt.com/trigger/',
  'open.feishu.cn/open-apis/bot/v2/hook/',
  'open.larksuite.com/open-apis/bot/v2/hook/',
  'hook.make.com/',
  'hook.eu1.make.com/',
  'hook.us1.make.com/',
  'hook.eu2.make.com/',
  'hook.us2.make.com/',
  'hc-ping.com/',
  'nosnch.in/',
  'hooks.airtable.com/workflows/',
  'hooks.glip.com/webhook/',
  'api.opsgenie.com/v1/json/',
  'alert.victorops.com/integrations/generic/',
  'webhook.site/',
  'cloud.ntfy.sh/',
  'api.flock.com/hooks/sendmessage/',
  'hooks.stripe.com/',
  'pipedream.net/',
  'api.telegram.org/bot',
  'uptime.betterstack.com/api/v1/heartbeat/',
  'hooks.workato.com/webhooks/',
  'chat.googleapis.com/v1/spaces/',
];

/** All digits are one symbol to the automaton. Shorter runs are years, epochs and ports, several in every line. */
const CARD_BEGINNINGS = ['00000000000000', '0000 0000', '0000-0000'];

/** Bases of private keys: base64 of `-----BEGIN`, of OpenSSH's magic, and of DER headers that only private keys have. */
const ENCODED_KEYS = [
  'LS0tLS1CRUdJTi',
  'b3BlbnNzaC1rZXktdjE',
  'MIIEvQIBADANBgkqhki',
  'MIIEvgIBADANBgkqhki',
  'MIIEvAIBADANBgkqhki',
  'MIIJQgIBADANBgkqhki',
  'MIIJQwIBADANBgkqhki',
  'MIIJRAIBADANBgkqhki',
  'MIICdwIBADANBgkqhki',
  'MIIEpAIBAAKCAQEA',
  'MIIEowIBAAKCAQEA',
  'MIIEogIBAAKCAQEA',
  'MIIEpQIBAAKCAQEA',
  'MIIJKQIBAAKCAgEA',
  'MIIJKAIBAAKCAgEA',
  'MIIJJwIBAAKCAgEA',
  'MIICXAIBAAKBgQ',
  'MIICXQIBAAKBgQ',
  'MC4CAQAwBQYDK2VwBCIEI',
  'MHcCAQEEI',
  'MIGHAgEAMBMGByqGSM49',
  'MIG2AgEAMBAGByqGSM49',
  'MIGkAgEBBDD',
];

/** First three characters of any number in base64. */
function discordPrefixes(): readonly string[] {
  return ['MD', 'MT', 'Mj', 'Mz', 'ND', 'NT', 'Nj', 'Nz', 'OD', 'OT'].flatMap((start) =>
    'AEIMQUYcgk'.split('').map((third) => start + third),
  );
}

/** Names of two words, as prose writes them. */
const SPACED_NAMES = [
  'api key',
  'secret key',
  'access key',
  'encryption key',
  'signing key',
  'license key',
  'auth key',
  'unseal key',
  'recovery key',
  'master key',
];

function webhookAnchors(): readonly Anchor[] {
  return WEBHOOKS.flatMap((address) => [
    { literal: address, match: matchWebhook },
    { literal: address.replaceAll('/', '\\/'), match: matchWebhook },
  ]);
}

function nameAnchors(): readonly Anchor[] {
  const short = SHORT_NAMES.flatMap((name) => NAME_CLOSERS.map((closer) => ({ name, closer })));
  return [
    ...STEMS.map((literal) => ({ literal, match: literal.startsWith('key') ? before(1, matchName) : matchName })),
    ...SPACED_NAMES.map((literal) => ({ literal, match: matchName })),
    { literal: 'pass ', match: before(1, matchName) },
    ...short.map(({ name, closer }) => ({ literal: name + closer, match: before(closer.length, matchName) })),
  ];
}

/** The matcher is asked about a place some characters before the end of the literal. */
function before(count: number, match: Matcher): Matcher {
  return (scan, end) => match(scan, end - count);
}

function tokenAnchors(): readonly Anchor[] {
  return [
    ...ISSUER_TOKENS.map(
      (rule): Anchor => ({ literal: rule[2], match: (scan, end) => matchIssuerToken(scan, rule, end) }),
    ),
    ...INFIX_TOKENS.map((rule): Anchor => ({ literal: rule.infix, match: (scan, end) => matchInfix(scan, rule, end) })),
    ...AWS_PREFIXES.map(
      (literal): Anchor => ({
        literal,
        match: (scan, end) => matchAwsKeyId(scan, end - literal.length, literal.length),
      }),
    ),
    ...discordPrefixes().map((literal): Anchor => ({ literal, match: matchDiscord })),
    { literal: 'SK', match: matchTwilio },
    { literal: 'eyJ', match: before(3, matchJwt) },
    { literal: '/hooks/', match: (scan, end) => matchTokenAfter(scan, end, 20) },
  ];
}

function credentialAnchors(): readonly Anchor[] {
  return [
    ...webhookAnchors(),
    { literal: '://', match: (scan, end) => matchUrl(scan, end, false) },
    { literal: ':\\/\\/', match: (scan, end) => matchUrl(scan, end, false) },
    { literal: '%3A%2F%2F', match: (scan, end) => matchUrl(scan, end, true) },
    { literal: '@tcp(', match: before(5, matchGoDsn) },
    { literal: '@unix(', match: before(6, matchGoDsn) },
    { literal: '@(', match: before(2, matchGoDsn) },
    { literal: 'oracle:thin:', match: matchSlashDsn },
    { literal: 'oracle:oci:', match: matchSlashDsn },
    { literal: 'sqlplus ', match: matchSlashDsn },
    ...['5432', '5433', '6432', '*'].map(
      (port): Anchor => ({ literal: `:${port}:`, match: before(port.length + 1, matchPgPass) }),
    ),
    { literal: '@', match: (scan, end) => matchEmail(scan, end - 1, end) },
    { literal: '%40', match: (scan, end) => matchEmail(scan, end - 3, end) },
    ...CARD_BEGINNINGS.map((literal): Anchor => ({ literal, match: before(literal.length, matchCard) })),
    { literal: 'bearer', match: matchBearer },
    { literal: 'basic', match: matchBasic },
    { literal: 'identified by', match: matchIdentifiedBy },
    { literal: 'identified with', match: matchIdentifiedBy },
    { literal: 'temporary password is', match: matchTemporaryPassword },
    ...commandAnchors(),
    ...['AUTH ', 'PASS ', 'auth" "', 'AUTH PLAIN ', 'AUTH LOGIN '].map(
      (literal): Anchor => ({ literal, match: (scan, end) => matchLoginCommand(scan, literal, end) }),
    ),
  ];
}

function commandAnchors(): readonly Anchor[] {
  return COMMANDS.map(
    (command): Anchor => ({ literal: `${command} `, match: (scan, end) => matchCommand(scan, command, end) }),
  );
}

function keyAnchors(): readonly Anchor[] {
  return [
    { literal: '-----BEGIN ', match: matchKeyBegin },
    { literal: '-----BEGIN%20', match: matchKeyBegin },
    { literal: '-----BEGIN+', match: matchKeyBegin },
    { literal: '---- BEGIN SSH2 ', match: matchKeyBegin },
    { literal: '-----END ', match: matchKeyEnd },
    { literal: 'Private-Lines: ', match: matchPuttyLines },
    { literal: 'Private-MAC: ', match: matchPuttyMac },
    ...ENCODED_KEYS.map(
      (literal): Anchor => ({ literal, match: (scan, end) => matchEncodedKey(scan, end - literal.length) }),
    ),
  ];
}

/** Upper-case letters fold in the automaton, so literals are compared exactly by their matchers where case matters. */
export const ANCHORS: readonly Anchor[] = [
  ...keyAnchors(),
  ...credentialAnchors(),
  ...tokenAnchors(),
  ...nameAnchors(),
];

export function buildAutomaton(): Automaton {
  return new Automaton(ANCHORS.map((anchor) => anchor.literal));
}
