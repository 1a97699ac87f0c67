// Fills install.sh.tpl: every value is checked and quoted for the shell here, whatever it was before. Pure.

/** What a server is installed for; without it the script can upgrade, repair and remove, but not register. */
export interface Purchase {
  /** Address of the control plane, without a slash at its end. */
  readonly serverUrl: string;
  readonly purchaseToken: string;
  readonly stackId: string;
}

/** What the script trusts. */
export interface ReleaseFacts {
  readonly version: string;
  /** SPKI PEM of the root key, Ed25519. */
  readonly rootKeyPem: string;
  /** SHA-256 of `bin/node` in that version's archives, in lower-case hexadecimal. */
  readonly nodeSha256: { readonly x64: string; readonly arm64: string };
}

const PLACEHOLDER = /@@([A-Z0-9_]+)@@/gu;
const KEY_PEM = /^-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/]{58}[A-Za-z0-9+/=]{2})\n-----END PUBLIC KEY-----\n?$/u;

const SHAPES = {
  SERVER_URL: /^https?:\/\/[\w.[\]:-]{1,255}(?:\/[\w.~/-]{1,200})?$/u,
  PURCHASE_TOKEN: /^[A-Za-z0-9][\w.~-]{7,199}$/u,
  STACK_ID: /^[^\p{Cc}]{1,128}$/u,
  VERSION: /^\d{1,5}\.\d{1,5}\.\d{1,5}(?:-[\dA-Za-z.-]{1,40})?$/u,
  ROOT_KEY: /^[A-Za-z0-9+/]{58}[A-Za-z0-9+/=]{2}$/u,
  NODE_SHA256_X64: /^[\da-f]{64}$/u,
  NODE_SHA256_ARM64: /^[\da-f]{64}$/u,
} as const;
type Name = keyof typeof SHAPES;

/** Left empty in a script without a purchase. */
const OPTIONAL: readonly Name[] = ['SERVER_URL', 'PURCHASE_TOKEN', 'STACK_ID'];

/**
 * The script, without a line feed at its end: so no proper beginning of it is a program. Throws an Error, which names the value but
 * does not repeat it, when one has not its shape, or when the template and this file disagree about the names.
 */
export function renderInstaller(template: string, release: ReleaseFacts, purchase: Purchase | undefined): string {
  const values: Readonly<Record<Name, string>> = {
    SERVER_URL: purchase?.serverUrl ?? '',
    PURCHASE_TOKEN: purchase?.purchaseToken ?? '',
    STACK_ID: purchase?.stackId ?? '',
    VERSION: release.version,
    ROOT_KEY: KEY_PEM.exec(release.rootKeyPem)?.[1] ?? '',
    NODE_SHA256_X64: release.nodeSha256.x64,
    NODE_SHA256_ARM64: release.nodeSha256.arm64,
  };
  for (const name of names(values)) {
    const isLeftOut = values[name] === '' && purchase === undefined && OPTIONAL.includes(name);
    if (!isLeftOut && !SHAPES[name].test(values[name])) throw new Error(`${name} has not the shape it must have`);
  }
  const used = new Set<string>();
  const text = template.replaceAll(PLACEHOLDER, (_, name: string) => {
    const known = names(values).find((one) => one === name);
    if (known === undefined) throw new Error(`the template asks for ${name}, which nothing provides`);
    used.add(known);
    return shellQuoted(values[known]);
  });
  const unused = names(values).filter((name) => !used.has(name));
  if (unused.length > 0) throw new Error(`the template has no place for ${unused.join(', ')}`);
  return text.trimEnd();
}

/** One word for a POSIX shell, whatever is in it. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function names(values: Readonly<Record<Name, string>>): readonly Name[] {
  const isName = (text: string): text is Name => Object.hasOwn(SHAPES, text);
  return Object.keys(values).filter(isName);
}
