// The literals that one pass looks for, each with the matcher that is asked when it is found.

import {
  AWS_PREFIXES,
  CARD_BEGINNINGS,
  ENCODED_KEYS,
  NAME_CLOSERS,
  ONE_TIME_CODES,
  SHORT_NAMES,
  SPACED_NAMES,
  STEMS,
  TOKEN_PATHS,
  WEBHOOK_SEGMENTS,
  WEBHOOKS,
} from './anchor-literals.ts';
import { matchName } from './assignment.ts';
import { Automaton } from './automaton.ts';
import { CALLED, matchCall } from './call-arguments.ts';
import { COMMANDS, matchCommand, matchEchoed, matchPositional, POSITIONAL_COMMANDS } from './command-line.ts';
import { matchEmail } from './email-address.ts';
import { matchBasic, matchBearer } from './header-value.ts';
import { matchCard } from './payment-card.ts';
import { matchEncodedKey, matchKeyBegin, matchKeyEnd, matchPuttyLines, matchPuttyMac } from './private-key.ts';
import { ISSUER_TOKENS } from './issuer-tokens.ts';
import { INFIX_TOKENS, matchInfix } from './infix-tokens.ts';
import { matchInsert } from './insert-statement.ts';
import type { Scan } from './scan.ts';
import {
  matchAuthCommand,
  matchImapLogin,
  matchIpsecSecret,
  matchIdentifiedBy,
  matchLoginCommand,
  matchModemPin,
  matchOneTimeCode,
  matchRedisUser,
  matchSaslMap,
  matchSaslResponse,
  matchTemporaryPassword,
} from './statement.ts';
import {
  matchAsana,
  matchDiscord,
  matchIssuerToken,
  matchJwt,
  matchNearDiscord,
  matchTokenAfter,
  matchTokenPath,
  matchTwilio,
} from './token-match.ts';
import {
  matchAwsKeyId,
  matchConnect,
  matchGoDsn,
  matchPgPass,
  matchSlashAlias,
  matchSlashDsn,
  matchSlashPort,
  matchSlashUser,
  matchUrl,
  matchWebhook,
  matchWebhookSegment,
} from './url-credentials.ts';

/** `end` is just behind the literal. */
type Matcher = (scan: Scan, end: number) => void;

export interface Anchor {
  readonly literal: string;
  readonly match: Matcher;
}

/** First three characters of any number in base64. */
function discordPrefixes(): readonly string[] {
  return ['MD', 'MT', 'Mj', 'Mz', 'ND', 'NT', 'Nj', 'Nz', 'OD', 'OT'].flatMap((start) =>
    'AEIMQUYcgk'.split('').map((third) => start + third),
  );
}

function webhookAnchors(): readonly Anchor[] {
  const spelled = (address: string, match: Matcher): readonly Anchor[] => [
    { literal: address, match },
    { literal: address.replaceAll('/', '\\/'), match },
  ];
  return [
    ...WEBHOOKS.flatMap((address) => spelled(address, matchWebhook)),
    ...WEBHOOK_SEGMENTS.flatMap((address) => spelled(address, matchWebhookSegment)),
  ];
}

function nameAnchors(): readonly Anchor[] {
  const short = SHORT_NAMES.flatMap((name) => NAME_CLOSERS.map((closer) => ({ name, closer })));
  return [
    ...STEMS.map((literal) => ({ literal, match: literal.startsWith('key') ? before(1, matchName) : matchName })),
    ...SPACED_NAMES.map((literal) => ({ literal, match: matchName })),
    { literal: 'pass ', match: before(1, matchName) },
    ...['key .', 'key "', "key '", 'key [', 'key ('].map(
      (literal): Anchor => ({ literal, match: before(2, matchName) }),
    ),
    ...['?t=', '&t=', '?k=', '&k='].map((literal): Anchor => ({ literal, match: before(1, matchName) })),
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
    { literal: 'discord', match: matchNearDiscord },
    { literal: 'SK', match: matchTwilio },
    { literal: '1/0000000000', match: before(10, matchAsana) },
    { literal: 'eyJ', match: before(3, matchJwt) },
    { literal: '/hooks/', match: (scan, end) => matchTokenAfter(scan, end, 20) },
    ...TOKEN_PATHS.map((literal): Anchor => ({ literal, match: matchTokenPath })),
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
    ...['sqlplus ', 'sqlldr ', 'expdp ', 'impdp ', 'rman target ', 'userid='].map(
      (literal): Anchor => ({ literal, match: matchSlashDsn }),
    ),
    ...['conn ', 'connect '].map(
      (literal): Anchor => ({ literal, match: (scan, end) => matchConnect(scan, literal, end) }),
    ),
    { literal: '@//', match: before(3, matchSlashUser) },
    ...['@orcl', '@xe', '@free'].map(
      (literal): Anchor => ({ literal, match: before(literal.length, matchSlashAlias) }),
    ),
    { literal: ':1521', match: before(5, matchSlashPort) },
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
    ...CALLED.map((literal): Anchor => ({ literal, match: (scan, end) => matchCall(scan, literal, end) })),
    { literal: 'insert into', match: matchInsert },
    ...["auth', args:", 'auth", args:', 'auth","args":', 'auth", "args":', 'auth\\",\\"args\\":'].map(
      (literal): Anchor => ({ literal, match: matchAuthCommand }),
    ),
    ...[': PSK ', ': EAP ', ': XAUTH '].map((literal): Anchor => ({ literal, match: matchIpsecSecret })),
    ...['AT+CPIN=', 'AT+CPWD=', 'AT+CLCK='].map((literal): Anchor => ({ literal, match: matchModemPin })),
    { literal: ' login ', match: matchImapLogin },
    { literal: 'resp=', match: matchSaslResponse },
    { literal: '334 UGFzc3dvcmQ6', match: matchSaslResponse },
    ...[']:000 ', ']:00 ', ']:0000 '].map((literal): Anchor => ({ literal, match: matchSaslMap })),
    ...['" ">', ' on >'].map((literal): Anchor => ({ literal, match: matchRedisUser })),
    ...ONE_TIME_CODES.map((literal): Anchor => ({ literal, match: matchOneTimeCode })),
    ...['AUTH ', 'PASS ', 'auth" ', 'AUTH PLAIN ', 'AUTH LOGIN '].map(
      (literal): Anchor => ({ literal, match: (scan, end) => matchLoginCommand(scan, literal, end) }),
    ),
  ];
}

function commandAnchors(): readonly Anchor[] {
  return [
    ...COMMANDS.map(
      (command): Anchor => ({ literal: `${command} `, match: (scan, end) => matchCommand(scan, command, end) }),
    ),
    ...POSITIONAL_COMMANDS.map(
      (command): Anchor => ({ literal: `${command} `, match: (scan, end) => matchPositional(scan, command, end) }),
    ),
    { literal: 'echo ', match: matchEchoed },
  ];
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
