// Tokens that carry their issuer's mark inside: what is left and right of it in the alphabet belongs to them.

import {
  ALPHANUMERIC,
  BASE64_ANY,
  BASE64URL,
  type CharacterClass,
  classOf,
  DIGIT,
  HEX,
  isBoundary,
  runStart,
  WORD,
} from './characters.ts';
import type { Scan } from './scan.ts';

/** A mark in the middle of a token: what is left and right of it in the alphabet belongs to it. */
export interface InfixRule {
  readonly id: string;
  readonly description: string;
  readonly infix: string;
  readonly left: CharacterClass;
  readonly leftMin: number;
  readonly leftMax: number;
  readonly right: CharacterClass;
  readonly rightMin: number;
}

const AZURE = classOf('0-9', 'a-z', 'A-Z', '-_.~');
export const INFIX_TOKENS: readonly InfixRule[] = [
  {
    id: 'azure-client-secret',
    description: 'Azure client secret',
    infix: 'Q~',
    left: AZURE,
    leftMin: 4,
    leftMax: 8,
    right: AZURE,
    rightMin: 24,
  },
  {
    id: 'terraform-cloud',
    description: 'Terraform Cloud token',
    infix: '.atlasv1.',
    left: ALPHANUMERIC,
    leftMin: 8,
    leftMax: 20,
    right: BASE64URL,
    rightMin: 20,
  },
  {
    id: 'telegram-bot',
    description: 'Telegram bot token',
    infix: ':AA',
    left: DIGIT,
    leftMin: 6,
    leftMax: 12,
    right: BASE64URL,
    rightMin: 24,
  },
  {
    id: 'mailchimp',
    description: 'Mailchimp key',
    infix: '-us',
    left: HEX,
    leftMin: 32,
    leftMax: 32,
    right: DIGIT,
    rightMin: 1,
  },
  {
    id: 'azure-key',
    description: 'Azure service key',
    infix: 'JQQJ99',
    left: ALPHANUMERIC,
    leftMin: 20,
    leftMax: 64,
    right: ALPHANUMERIC,
    rightMin: 12,
  },
  {
    id: 'azure-devops',
    description: 'Azure DevOps token',
    infix: 'AZDO',
    left: ALPHANUMERIC,
    leftMin: 40,
    leftMax: 90,
    right: ALPHANUMERIC,
    rightMin: 4,
  },
  {
    id: 'azure-storage',
    description: 'Azure storage key',
    infix: '+ASt',
    left: BASE64_ANY,
    leftMin: 60,
    leftMax: 90,
    right: BASE64_ANY,
    rightMin: 4,
  },
  {
    id: 'maxmind',
    description: 'MaxMind license key',
    infix: '_mmk',
    left: WORD,
    leftMin: 30,
    leftMax: 40,
    right: WORD,
    rightMin: 0,
  },
  {
    id: 'newrelic-license',
    description: 'New Relic license key',
    infix: 'FFFFNRAL',
    left: HEX,
    leftMin: 28,
    leftMax: 40,
    right: WORD,
    rightMin: 0,
  },
  {
    id: 'webex',
    description: 'Webex token',
    infix: '_P0A1_',
    left: ALPHANUMERIC,
    leftMin: 48,
    leftMax: 80,
    right: BASE64URL,
    rightMin: 12,
  },
  {
    id: 'webex-production',
    description: 'Webex token',
    infix: '_PF84_',
    left: ALPHANUMERIC,
    leftMin: 48,
    leftMax: 80,
    right: BASE64URL,
    rightMin: 12,
  },
  {
    id: 'fcm-server',
    description: 'Firebase server key',
    infix: ':APA91b',
    left: BASE64URL,
    leftMin: 8,
    leftMax: 32,
    right: BASE64URL,
    rightMin: 40,
  },
];

export function matchInfix(scan: Scan, rule: InfixRule, infixEnd: number): void {
  const { text } = scan;
  const at = infixEnd - rule.infix.length;
  if (at < scan.tokenDone || !text.startsWith(rule.infix, at)) return;
  let from = runStart(text, at, rule.left, Math.max(0, at - rule.leftMax - 1));
  // Where the length is agreed, what runs into it from the left (`%3D`) is not part of it.
  if (rule.leftMin === rule.leftMax && at - from > rule.leftMax && isBoundary(text, at - rule.leftMax))
    from = at - rule.leftMax;
  if (at - from < rule.leftMin || at - from > rule.leftMax) return;
  const end = scan.runEnd(infixEnd, rule.right);
  if (end - infixEnd < rule.rightMin) return;
  scan.add(from, end, 'api_token');
}
