// Chance from a seed, random characters, and the formats of issuers' tokens.

export type Chance = (below: number) => number;

/** xorshift32: small, repeatable, good enough for fixtures. */
export function chanceFrom(seed: number): Chance {
  let state = seed | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

export const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const ALPHABETS: Readonly<Record<string, string>> = {
  A: LOWER + LOWER.toUpperCase() + DIGITS,
  U: `${LOWER}${LOWER.toUpperCase()}${DIGITS}-_`,
  B: `${LOWER}${LOWER.toUpperCase()}${DIGITS}+/`,
  X: '0123456789abcdef',
  N: DIGITS,
  V: LOWER.toUpperCase() + DIGITS,
  L: LOWER + DIGITS,
};

export function pick<T>(chance: Chance, items: readonly T[]): T {
  const item = items[chance(items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

export function letters(chance: Chance, alphabet: string, count: number): string {
  const members = ALPHABETS[alphabet] ?? alphabet;
  return Array.from({ length: count }, () => members.charAt(chance(members.length))).join('');
}

/** `ghp_{A36}`: literals and runs of an alphabet. Written in parts so that no file holds a token's look-alike. */
export function fromShape(chance: Chance, shape: string): string {
  return shape.replaceAll(/\{([A-Z])([0-9]+)\}/g, (_, alphabet: string, count: string) =>
    letters(chance, alphabet, Number(count)),
  );
}

/** Issuers' formats as documented by them, apart from the table the redactor uses. */
export const TOKEN_SHAPES: Readonly<Record<string, string>> = {
  'github-pat': 'ghp_{A36}',
  'github-server': 'ghs_{A36}',
  'github-fine': 'github_pat_{A22}_{A59}',
  'gitlab-pat': 'glpat-{U20}',
  'gitlab-routable': 'glpat-{U27}.01.{L9}',
  'gitlab-runner': 'glrt-{U20}',
  'gitlab-deploy': 'gldt-{U20}',
  'slack-bot': 'xoxb-{N12}-{N12}-{A24}',
  'slack-user': 'xoxp-{N12}-{N12}-{N12}-{X32}',
  'slack-app': 'xapp-1-A{V10}-{N13}-{X64}',
  'stripe-live': 'sk_live_{A24}',
  'stripe-long': 'sk_live_51{A97}',
  'stripe-rk': 'rk_live_{A24}',
  'stripe-whsec': 'whsec_{A32}',
  openai: 'sk-{A20}T3BlbkFJ{A20}',
  'openai-proj': 'sk-proj-{U64}',
  anthropic: 'sk-ant-api03-{U93}AA',
  'google-api': 'AIza{U35}',
  'google-oauth': 'ya29.a0{U120}',
  'google-secret': 'GOCSPX-{U28}',
  sendgrid: 'SG.{U22}.{U43}',
  mailgun: 'key-{X32}',
  mailchimp: '{X32}-us14',
  'twilio-key': 'SK{X32}',
  npm: 'npm_{A36}',
  pypi: 'pypi-AgEIcHlwaS5vcmc{U120}',
  rubygems: 'rubygems_{X48}',
  docker: 'dckr_pat_{U27}',
  vault: 'hvs.{U90}',
  'vault-old': 's.{A24}',
  terraform: '{A14}.atlasv1.{U60}',
  doppler: 'dp.pt.{A43}',
  pulumi: 'pul-{X40}',
  databricks: 'dapi{X32}',
  digitalocean: 'dop_v1_{X64}',
  heroku: 'HRKU-AA{U58}',
  'azure-secret': '{A3}8Q~{U34}',
  telegram: '{N10}:AA{U33}',
  discord: 'MTIz{A20}.{A6}.{U38}',
  shopify: 'shpat_{X32}',
  square: 'sq0atp-{U22}',
  airtable: 'pat{A14}.{X64}',
  notion: 'ntn_{A46}',
  'notion-old': 'secret_{A43}',
  linear: 'lin_api_{A40}',
  figma: 'figd_{U40}',
  atlassian: 'ATATT3xFfGF0{U160}={V8}',
  grafana: 'glsa_{A32}_{X8}',
  'grafana-cloud': 'glc_{B80}',
  newrelic: 'NRAK-{V27}',
  sentry: 'sntrys_{B80}',
  posthog: 'phx_{A43}',
  huggingface: 'hf_{A34}',
  groq: 'gsk_{A52}',
  replicate: 'r8_{A37}',
  perplexity: 'pplx-{A48}',
  xai: 'xai-{A80}',
  supabase: 'sbp_{X40}',
  planetscale: 'pscale_tkn_{U43}',
  tailscale: 'tskey-auth-{A12}CNTRL-{A32}',
  fly: 'fm2_{B80}',
  age: 'AGE-SECRET-KEY-1{V58}',
  postman: 'PMAK-{X24}-{X34}',
  hubspot: 'pat-na1-{X8}-{X4}-{X4}-{X4}-{X12}',
  brevo: 'xkeysib-{X64}-{A16}',
  resend: 're_{A8}_{A24}',
  dynatrace: 'dt0c01.{V24}.{V64}',
  circleci: 'CCIPAT_{A22}_{X40}',
  sonar: 'squ_{X40}',
  artifactory: 'AKCp8{A68}',
  facebook: 'EAAB{A120}',
  dropbox: 'sl.{U130}',
  launchdarkly: 'sdk-{X8}-{X4}-{X4}-{X4}-{X12}',
  razorpay: 'rzp_live_{A14}',
  nuget: 'oy2{L43}',
  clojars: 'CLOJARS_{X60}',
  netlify: 'nfp_{A36}',
  nvidia: 'nvapi-{U64}',
  langsmith: 'lsv2_pt_{X32}_{X10}',
  buildkite: 'bkua_{X40}',
  swarm: 'SWMTKN-1-{L50}-{L25}',
  aiven: 'AVNS_{U19}',
  octopus: 'API-{V26}',
  harness: 'pat.{U22}.{X24}.{A20}',
};

export const TOKEN_TEMPLATES: readonly string[] = [
  '«clone failed, got» {S} «(expired)»',
  '«sync with» {S}«, 3 refs»',
  '«m="failed for»  {S}" «code=5»',
  '{"k":"{S}",«"n":1}»',
  '«GET /x?t=»{S}&«b=1»',
  "«x»='{S}'«;»",
  '<i>{S}</i>',
  '\u001b[31m{S}\u001b[0m «bad»',
  '[{S}]«»',
  String.raw`{"m":"bad {S}\n«at x"}»`,
  '«key» {S} «rejected»',
  '//r.example.org/:_authToken={S}',
  '%3D{S}%26«b=1»',
];
