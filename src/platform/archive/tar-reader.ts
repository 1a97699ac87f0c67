// Reads a tar archive piece by piece: ustar, PAX and GNU long names; says what is there and judges nothing. Pure.
import { Fault } from '../fault.ts';
import { type LongNames, mergePax, NO_NAMES, paxRecords, textOf } from './tar-names.ts';

export interface TarMember {
  /** `other` is a device, a fifo, a sparse file or anything else that is neither a plain file, a folder nor a link. */
  readonly kind: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';
  /** As it stands in the archive, slashes at its end included. Not to be trusted. */
  readonly path: string;
  /** Permission bits with set-user-id, set-group-id and sticky. */
  readonly mode: number;
  /** Of the data that follows. */
  readonly sizeBytes: number;
}

/** `data` belongs to the last `member`; each member is ended by its `end`, also one without data. */
export type TarEvent =
  | { readonly kind: 'member'; readonly member: TarMember }
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | { readonly kind: 'end' };

const BLOCK_BYTES = 512;
/** A PAX header or a long name; both are held in memory. */
const NAMES_MAX_BYTES = 64 * 1024;

const KINDS: Readonly<Record<string, TarMember['kind']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'directory',
};

type State =
  | { readonly at: 'header' }
  | { readonly at: 'names'; readonly flag: string; readonly chunks: Buffer[] }
  | { readonly at: 'data' }
  | { readonly at: 'padding' }
  | { readonly at: 'over' };

/** Faults archive_damaged: a wrong checksum, a number that is none, an archive that ends in the middle. */
export class TarReader {
  #state: State = { at: 'header' };
  #names: LongNames = NO_NAMES;
  #pending = Buffer.alloc(0);
  /** Of the data or the names that are being read. */
  #leftBytes = 0;
  #paddingBytes = 0;
  #emptyBlocks = 0;

  *push(chunk: Buffer): Generator<TarEvent> {
    let rest = chunk;
    while (rest.length > 0) {
      const { at } = this.#state;
      if (at === 'over') return;
      if (at === 'header') rest = yield* this.#header(rest);
      else if (at === 'padding') rest = this.#padding(rest);
      else rest = yield* this.#content(rest);
    }
  }

  /** To be called after the last byte. */
  finish(): void {
    if (this.#state.at !== 'header' && this.#state.at !== 'over') throw damaged('it ends in the middle of a member');
    if (this.#pending.length > 0) throw damaged('it ends in the middle of a header');
    if (this.#emptyBlocks === 0) throw damaged('its end is missing: it was cut off');
  }

  *#header(chunk: Buffer): Generator<TarEvent, Buffer> {
    const wanted = BLOCK_BYTES - this.#pending.length;
    this.#pending = Buffer.concat([this.#pending, chunk.subarray(0, wanted)]);
    const rest = chunk.subarray(wanted);
    if (this.#pending.length < BLOCK_BYTES) return rest;
    const block = this.#pending;
    this.#pending = Buffer.alloc(0);
    if (block.every((byte) => byte === 0)) {
      this.#emptyBlocks += 1;
      if (this.#emptyBlocks === 2) this.#state = { at: 'over' };
      return rest;
    }
    if (this.#emptyBlocks > 0) throw damaged('something follows its end');
    yield* this.#member(block);
    return rest;
  }

  *#member(block: Buffer): Generator<TarEvent> {
    checkSum(block);
    const flag = block.toString('latin1', 156, 157);
    const isNames = 'xgLK'.includes(flag);
    const ownBytes = numberAt(block, 124, 12);
    const sizeBytes = isNames ? ownBytes : (this.#names.sizeBytes ?? ownBytes);
    this.#leftBytes = sizeBytes;
    this.#paddingBytes = (BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES;
    if (isNames) {
      if (sizeBytes > NAMES_MAX_BYTES) throw damaged(`a header of ${sizeBytes} bytes`);
      this.#state = sizeBytes === 0 ? { at: 'header' } : { at: 'names', flag, chunks: [] };
      return;
    }
    const path = this.#names.path ?? pathOf(block);
    // Before PAX and ustar a folder was a file whose name ends with a slash.
    const plain = KINDS[flag] ?? 'other';
    const kind = this.#names.sparse ? 'other' : plain === 'file' && path.endsWith('/') ? 'directory' : plain;
    this.#names = NO_NAMES;
    yield { kind: 'member', member: { kind, path, mode: numberAt(block, 100, 8) & 0o7777, sizeBytes } };
    this.#state = { at: 'data' };
    if (sizeBytes === 0) yield* this.#ended();
  }

  *#content(chunk: Buffer): Generator<TarEvent, Buffer> {
    const taken = chunk.subarray(0, this.#leftBytes);
    this.#leftBytes -= taken.length;
    const state = this.#state;
    if (state.at === 'names') state.chunks.push(Buffer.from(taken));
    else yield { kind: 'data', bytes: taken };
    if (this.#leftBytes === 0) yield* this.#ended();
    return chunk.subarray(taken.length);
  }

  *#ended(): Generator<TarEvent> {
    const state = this.#state;
    if (state.at === 'names') this.#names = namesAfter(this.#names, state.flag, Buffer.concat(state.chunks));
    else yield { kind: 'end' };
    this.#state = { at: this.#paddingBytes === 0 ? 'header' : 'padding' };
  }

  #padding(chunk: Buffer): Buffer {
    const taken = Math.min(chunk.length, this.#paddingBytes);
    this.#paddingBytes -= taken;
    if (this.#paddingBytes === 0) this.#state = { at: 'header' };
    return chunk.subarray(taken);
  }
}

function namesAfter(names: LongNames, flag: string, bytes: Buffer): LongNames {
  if (flag === 'L') return { ...names, path: textOf(bytes) };
  // A link's target: links are not followed, so nobody asks for it.
  if (flag === 'K') return names;
  const records = paxRecords(bytes);
  // A global header names nothing a single member could rely on; git writes its commit there.
  return flag === 'g' ? names : mergePax(names, records);
}

function pathOf(block: Buffer): string {
  const name = textOf(block.subarray(0, 100));
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? textOf(block.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Octal digits between blanks and NULs, or the binary form of large numbers. */
function numberAt(block: Buffer, offset: number, length: number): number {
  const field = block.subarray(offset, offset + length);
  const first = field[0] ?? 0;
  if (first >= 0x80) {
    const value = BigInt(`0x${field.subarray(1).toString('hex')}`);
    if (first !== 0x80 || value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged('a number out of range');
    return Number(value);
  }
  const text = field.toString('latin1').replaceAll(/^[ \0]+|[ \0]+$/gu, '');
  if (!/^[0-7]*$/u.test(text)) throw damaged('a number that is none');
  return text === '' ? 0 : Number.parseInt(text, 8);
}

// The sum is taken with blanks in its own place. Some old writers added up signed bytes.
function checkSum(block: Buffer): void {
  const written = numberAt(block, 148, 8);
  let unsigned = 0;
  let signed = 0;
  for (const [at, byte] of block.entries()) {
    const value = at >= 148 && at < 156 ? 32 : byte;
    unsigned += value;
    signed += value > 127 ? value - 256 : value;
  }
  if (written !== unsigned && written !== signed) throw damaged('a header with a wrong checksum');
}

function damaged(what: string): Fault {
  return new Fault('archive_damaged', `the archive is damaged: ${what}; download it again`);
}
