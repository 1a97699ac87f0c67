// The long names of tar: PAX records and GNU's own, which take the place of what a header holds. Pure.
import { Fault } from '../fault.ts';

export interface LongNames {
  readonly path: string | undefined;
  readonly sizeBytes: number | undefined;
  /** GNU's sparse files put another meaning on the data that follows. */
  readonly sparse: boolean;
}

export const NO_NAMES: LongNames = { path: undefined, sizeBytes: undefined, sparse: false };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text up to the first NUL. Fault archive_unsafe for what is not UTF-8: two programs could read two names. */
export function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  try {
    return utf8.decode(end === -1 ? bytes : bytes.subarray(0, end));
  } catch (error) {
    throw new Fault('archive_unsafe', 'the archive holds a name that is not UTF-8', { cause: error });
  }
}

/** `LENGTH KEY=VALUE\n`, where the length counts the whole record. */
export function paxRecords(bytes: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(' ', at);
    const digits = blank === -1 ? '' : bytes.toString('latin1', at, blank);
    const length = /^[1-9]\d{0,5}$/u.test(digits) ? Number(digits) : 0;
    const record = bytes.subarray(blank + 1, at + length);
    const equals = record.indexOf('=');
    if (length === 0 || at + length > bytes.length || record.at(-1) !== 0x0a || equals < 1) {
      throw new Fault('archive_damaged', 'the archive is damaged: an extended header that cannot be read');
    }
    const value = record.subarray(equals + 1, -1);
    // A NUL would end the name for one reader and not for another.
    if (value.includes(0)) throw new Fault('archive_unsafe', 'the archive holds a name with a NUL in it');
    records.set(record.toString('latin1', 0, equals), textOf(value));
    at += length;
  }
  return records;
}

export function mergePax(names: LongNames, records: ReadonlyMap<string, string>): LongNames {
  const size = records.get('size');
  if (size !== undefined && !/^\d{1,15}$/u.test(size)) {
    throw new Fault('archive_damaged', 'the archive is damaged: a size that is no number');
  }
  return {
    path: records.get('path') ?? names.path,
    sizeBytes: size === undefined ? names.sizeBytes : Number(size),
    sparse: names.sparse || [...records.keys()].some((key) => key.startsWith('GNU.sparse.')),
  };
}
