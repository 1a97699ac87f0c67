// Masks a value that an option of its own gives to a name: `reg add … /v Password /d X`, `--name db-password --value X`.

import { classOf, inClass, runStart } from './characters.ts';
import { acceptsDelimited, maskValue, type Named } from './named.ts';
import type { Scan } from './scan.ts';
import { isStatusWord } from './value-judgement.ts';
import { endOfBare, endOfQuoted, quoteAt } from './value-end.ts';

const REACH = 256;
const LONGEST_PATH = 80;
const LONGEST_OPTION = 24;
const PATH = classOf('0-9', 'a-z', 'A-Z', '_./-');
const OPTION = classOf('a-z', 'A-Z', '-');
/** Between an option and its argument, in a command or in a list of arguments. */
const BETWEEN = classOf(' \t=:,"\'\\');
const NAME_OPTION =
  /(?:\/v|-(?:-?name|-?key|-?parameter-?name|-?secret-?id|-?secret-?name|-?var|-?variable|-?variable-?name|-?env-?name|-?property|[nk]))$/i;
const VALUE_OPTION =
  /[\s"'](?:\/d|--?(?:value|val|secret-?value|secret-?string|string-?value|plaintext|data|v))["'\\]{0,4}[ \t=:,]{1,4}/i;
/** As `reg query` prints it. */
const REGISTRY_TYPE = /^\s{1,8}REG_(?:SZ|EXPAND_SZ|MULTI_SZ|BINARY)\s{1,8}(?=\S)/;

/** The name, or the path that ends in it, is the argument of an option that takes a name. */
function isArgument(text: string, from: number): boolean {
  const start = runStart(text, from, PATH, from - LONGEST_PATH);
  const end = runStart(text, start, BETWEEN, start - 6);
  if (end === start) return false;
  const option = runStart(text, end, OPTION, end - LONGEST_OPTION);
  if (option === end) return false;
  const slash = text.charCodeAt(option - 1) === 47;
  if (!slash && text.charCodeAt(option) !== 45) return false;
  const before = text.charCodeAt((slash ? option - 1 : option) - 1);
  return (
    (Number.isNaN(before) || inClass(OPTION_BEGINS, before)) &&
    NAME_OPTION.test(text.slice(slash ? option - 1 : option, end))
  );
}

const OPTION_BEGINS = classOf(' \t\n"\'`[(,;');

/** True when the name's value was found behind an option, or behind its type in the registry. */
export function matchOptionPair(scan: Scan, named: Named): boolean {
  const { text } = scan;
  const limit = Math.min(scan.lineEnd(named.to), named.to + REACH);
  const registry = text.startsWith('REG_', named.to + 4)
    ? REGISTRY_TYPE.exec(text.slice(named.to, named.to + 40))
    : null;
  let at = named.to + (registry?.[0].length ?? 0);
  if (registry === null) {
    if (!isArgument(text, named.from)) return false;
    const rest = text.slice(named.to, limit);
    const option = VALUE_OPTION.exec(rest);
    if (option === null || /[|;&]/.test(rest.slice(0, option.index))) return false;
    at += option.index + option[0].length;
  }
  const quote = quoteAt(text, at);
  const from = at + quote.length;
  const end = quote === '' ? endOfBare(scan, from) : endOfQuoted(scan, from, quote, scan.lineEnd(from));
  const value = text.slice(from, end);
  if (value.startsWith('-') || !acceptsDelimited(named, value)) return false;
  maskValue(scan, named, from, end);
  return true;
}

const RESOLVED =
  /^ ?\}{1,2}["'`]? {0,2}(?:(?:(?:was|is|has been|got) )?(?:resolved|expanded|evaluated|substituted|interpolated|replaced)(?: (?:to|with|as|by))?:? {1,2}|(?:resolves|expands|evaluates) to:? {1,2}|(?:->|=>|→) {0,2})/i;
const RESOLVING =
  /(?:resolv|expand|substitut|evaluat|interpolat|replac)[a-z]{0,6} (?:\w{1,20} )?["'`]?(?:\$\{|\{\{) ?$/i;
const RESOLVED_TO = /^ ?\}{1,2}["'`]? (?:to|as|with|by):? {1,2}/i;

/** `${DB_PASSWORD} resolved to x`, `Resolved {{ db_password }} to x`: what a reference stands for is told behind it. */
export function matchResolved(scan: Scan, named: Named): boolean {
  const { text } = scan;
  const behind = text.slice(named.to, named.to + 48);
  const told =
    RESOLVED.exec(behind) ??
    (RESOLVING.test(text.slice(Math.max(0, named.from - 48), named.from)) ? RESOLVED_TO.exec(behind) : null);
  if (told === null) return false;
  const at = named.to + told[0].length;
  const quote = quoteAt(text, at);
  const from = at + quote.length;
  const end = quote === '' ? endOfBare(scan, from) : endOfQuoted(scan, from, quote, scan.lineEnd(from));
  const value = text.slice(from, end);
  // `resolved to a file` tells where it comes from.
  if (quote === '' && (value.length < 4 || isStatusWord(value))) return false;
  if (!acceptsDelimited(named, value)) return false;
  maskValue(scan, named, from, end);
  return true;
}
