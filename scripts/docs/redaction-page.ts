// docs/redaction.md: what is masked and how, made from the rules; what is promised, with figures; what an owner can add.
import { BLACKLISTED_NAMES, FURTHER_SECRET_NAMES, PUBLIC_NAMES } from '../../src/agent/redaction/secret-names.ts';
import { type Rule, RULES } from '../../src/agent/redaction/rules.ts';
import { code, json, page, table } from './markdown.ts';
import { FIRST_CONTACT, FIGURES, PROMISES } from './redaction-figures.ts';

const CATEGORIES: readonly (readonly [string, string])[] = [
  ['env_assignment', 'A value that stands under a secret name, in whatever notation.'],
  ['cloud_db_credential', 'Keys of clouds, passwords in URLs and connection strings, signatures of presigned URLs.'],
  [
    'api_token',
    'Tokens of known issuers, `Authorization` and other headers, cookies, JSON Web Tokens, webhook addresses.',
  ],
  ['pii_email', 'E-mail addresses.'],
  ['payment_card', 'Card numbers with a right check digit.'],
  ['private_key', 'Private keys, across lines.'],
  [
    'env_value',
    'A value the agent knows: from the container’s variables, a mounted secret, its own credentials, the policy file.',
  ],
  ['owner_rule', 'A pattern of the policy file.'],
];

/** No page holds what looks like somebody's token: of a secret only the beginning is shown. */
function shortened(secret: string): string {
  const shown = secret.slice(0, secret.length > 12 ? Math.min(10, secret.length - 8) : 4);
  return `${shown}…`;
}

function example(rule: Rule): string {
  return code(
    rule.matches.text.replace(rule.matches.secret, () => shortened(rule.matches.secret)).replaceAll('\n', '⏎'),
  );
}

function counterexample(rule: Rule): string {
  const text = rule.leaves.replaceAll('\n', '⏎');
  return code(text.length > 90 ? `${text.slice(0, 60)}…${text.slice(-25)}` : text);
}

function rulesTable(rules: readonly Rule[]): string {
  return table(
    ['rule', 'mark', 'masks', 'in', 'leaves'],
    rules.map((rule) => [code(rule.id), code(rule.category), rule.description, example(rule), counterexample(rule)]),
  );
}

function names(list: readonly string[]): string {
  return list.map(code).join(' ');
}

const OWNER_EXAMPLE = {
  redaction: {
    names: ['HOUSE_CODE', 'door-pin'],
    values: ['an old password that still turns up', { file: '/etc/status-panel/secrets/legacy-key' }],
    patterns: [{ name: 'acme-token', prefix: 'acme_', alphabet: 'alphanumeric', min_length: 20 }],
    mask_emails: false,
  },
};

export function redactionPage(): string {
  const issuers = RULES.filter(
    (rule) => rule.description.includes('` and at least ') || rule.description.includes('` inside'),
  );
  const written = RULES.filter((rule) => !issuers.includes(rule));
  return page(
    'Redaction',
    `Secrets are masked on the host, before a line leaves it: in container logs, in the messages, errors and details of reports, and in the agent’s own
journal. The key stays readable and the value becomes a mark that names its category, as \`***REDACTED:api_token***\`: nothing of the value, not its length,
no hash. JSON stays valid JSON, the number of lines stays the same, and masking twice changes nothing. The control plane cannot switch it off
(\`redact: false\` is refused) unless the owner of the host allows it in the [policy file](configuration.md#the-policy-file).`,
    `To see what would leave the host: \`docker logs web 2>&1 | status-panel redact\`.`,
    '## Categories',
    table(
      ['mark', 'what stood there'],
      CATEGORIES.map(([id, meaning]) => [code(id), meaning]),
    ),
    '## Names',
    `Always masked, whatever the value, in any letter case and as kebab or camel form: ${names(BLACKLISTED_NAMES)}.`,
    `Masked as well: ${names(FURTHER_SECRET_NAMES)}. Never: ${names(PUBLIC_NAMES)}.`,
    `Every other name is cut into its words. It is secret when one of them is \`password\`, \`secret\`, \`token\`, \`credential\` or the like, or when it ends in
\`key\` and another word says which (\`api\`, \`signing\`, \`encryption\` …). It is not when its last word says that the value is about a secret instead of being
one (\`_file\`, \`_ttl\`, \`_count\`, \`_url\` …), or when the secret is counted or paged (\`max_tokens\`, \`nextPageToken\`). The words stand in
\`src/agent/redaction/secret-names.ts\`.`,
    '## Rules',
    `Every rule with a line that it must mask and one that it must leave; \`test/agent/redaction/rules.test.ts\` runs them all. Secrets are shown
shortened here, ⏎ is a line break.`,
    rulesTable(written),
    '### Issuers’ tokens',
    'Matched by prefix and alphabet with a least length, because issuers lengthen their tokens; no entropy, no checksum.',
    rulesTable(issuers),
    '## Known values',
    `The values of a container’s own secret variables are masked wherever they appear in its log: as they are, JSON-escaped once and twice, percent-encoded in
either letter case, in base64 and base64url at each of the three alignments, in hexadecimal, escaped for XML, shell and SQL. Of a URL or connection string only its
password counts, of JSON the values under secret names, of a text of several lines each line from 16 characters on.`,
    `Secrets that are mounted count too, where the agent may read them on the host: what is mounted under \`/run/secrets\` (compose \`secrets:\`) and the files that
variables named \`…_FILE\` point at, at most 32 of 64 KiB. Swarm’s secrets lie in memory of the container and cannot be read.`,
    `Not looked for, because they occur in lines for other reasons: values of fewer than 8 characters (6 and 7 are taken when they mix three sorts of characters),
numbers of fewer than 10 digits, paths, words that everybody uses (\`postgres\`, \`changeme\` …), and what is public in the same container: the value of a variable that is
not secret, the name of the image, service, container or host. Under its own name such a value is still masked. What the agent knows of a container is kept in memory
only, for logs of the 64 containers asked about last, and read again when the container was started anew or the agent’s token changed. Errors and reasons in reports, and the agent’s own journal, are
masked for the 256 containers that any command has looked at last, whatever it was, and without asking the engine once more. The agent’s own credentials
(agent token, Vault token, purchase token while registering) are always masked.`,
    '## What an owner adds',
    `In the policy file, which only the owner of the host writes. Everything is bounded and strict; a fault ends the agent with exit code 78 and says what to change.
\`status-panel redact\` reads the same file, so that an entry can be tried out before the agent is started anew.`,
    json(OWNER_EXAMPLE),
    table(
      ['key', 'what it does', 'bounds'],
      [
        [code('redaction.names'), 'further names whose values are always masked', '256 of 128 characters'],
        [
          code('redaction.values'),
          'values that are always masked, also encoded; `{"file": …}` reads one when the agent starts',
          '256 of 6 to 4096 characters; files of 64 KiB',
        ],
        [
          code('redaction.patterns'),
          'tokens of one’s own: `prefix` (3 to 64), `alphabet` (`alphanumeric`, `upper_alphanumeric`, `hex`, `digits`, `word`, `base64`, `base64url`), `min_length` behind the prefix (4 to 1024)',
          '64',
        ],
        [code('redaction.mask_emails'), 'whether e-mail addresses are masked', 'true by default'],
      ],
    ),
    'A pattern is no regular expression: see [decision 10](decisions/0010-owner-patterns-without-regex.md).',
    '## What is promised, and what is not',
    PROMISES,
    '## Figures',
    FIGURES,
    table(
      [
        'set of templates',
        'secrets',
        'recall at first contact',
        'benign lines changed at first contact',
        'recall now',
        'benign changed now',
      ],
      FIRST_CONTACT,
    ),
    `\`npm run bench -- redaction\` measures the corpus above, \`--set NAME\` one set by itself, \`--corpus FILE\` a corpus of one’s own, a JSON record a line:
\`{"id", "kind", "text", "secret" (null when benign), "secrets"?, "keep"?, "chunks"?, "env"?}\`. A secret counts as leaked when more than a quarter of it, at least 5 and at most 12 characters,
survives. \`status-panel redact --jsonl\` reads such records and writes \`{"id", "text"}\`, for scoring elsewhere.`,
  );
}
