// Which HTTP proxy leads to an address, by the variables that curl and other programs go by. Pure.

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy's URL, or undefined for the direct way: HTTPS_PROXY or HTTP_PROXY by the address's scheme, else ALL_PROXY; lower case is as good,
 * and wins. NO_PROXY lists names, with all that ends in them, and addresses, each with a port or without; "*" is all. Nobody goes through a
 * proxy to the own host.
 */
export function proxyFor(origin: string, environment: Environment): string | undefined {
  const url = URL.parse(origin);
  if (url === null || isOwnHost(url.hostname) || isExempt(url, valueOf(environment, 'NO_PROXY') ?? ''))
    return undefined;
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const given = valueOf(environment, name) ?? valueOf(environment, 'ALL_PROXY');
  if (given === undefined) return undefined;
  return given.includes('://') ? given : `http://${given}`;
}

function valueOf(environment: Environment, name: string): string | undefined {
  const value = environment[name.toLowerCase()] ?? environment[name];
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}

function isOwnHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/u.test(hostname);
}

function isExempt(url: URL, list: string): boolean {
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const host = url.hostname.replaceAll(/[[\]]/gu, '');
  return list
    .toLowerCase()
    .split(/[\s,]+/u)
    .some((entry) => {
      if (entry === '*') return true;
      const [, name = '', onlyPort] = /^\[?(.*?)\]?(?::(\d+))?$/u.exec(isBareV6(entry) ? `[${entry}]` : entry) ?? [];
      const wanted = name.replace(/^\*?\./u, '');
      const isIt = wanted !== '' && (host === wanted || host.endsWith(`.${wanted}`));
      return isIt && (onlyPort === undefined || onlyPort === port);
    });
}

function isBareV6(entry: string): boolean {
  return !entry.startsWith('[') && entry.split(':').length > 2;
}
