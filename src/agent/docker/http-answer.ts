// Decodes the one HTTP/1.1 answer of a connection from its bytes: head, then a body by chunks, by length or to the end. Pure.
//
// Our own because the engine sends every log line as an HTTP chunk of its own: a general parser calls back once for each, which costs
// more than everything else that is done with the line (docs/decisions/0008-reading-logs.md).

const HEAD_MAX_BYTES = 64 * 1024;
/** The engine's chunks are log lines of at most 16 KiB; this is only to tell nonsense from a size. */
const CHUNK_MAX_BYTES = 1024 * 1024 * 1024;
const CR = 0x0d;
const LF = 0x0a;
const SEMICOLON = 0x3b;
const NOTHING: Buffer = Buffer.alloc(0);

type Phase = 'head' | 'size' | 'extension' | 'data' | 'data-end' | 'trailer' | 'to-the-end' | 'complete';

/** Feed the connection's bytes as they come, cut anywhere. */
export class HttpAnswer {
  #phase: Phase = 'head';
  #head: Buffer = NOTHING;
  #status = 0;
  #chunked = false;
  /** Of the chunk, or of the whole body where its length was told. */
  #leftBytes = 0;
  #sizeDigits = 0;
  #trailerLineBytes = 0;

  /** 0 until the head is there. */
  get status(): number {
    return this.#status;
  }

  /** The body's end has been seen. */
  get complete(): boolean {
    return this.#phase === 'complete';
  }

  /** The body ends where the connection does: then nothing tells a cut from the end. */
  get endsWithConnection(): boolean {
    return this.#phase === 'to-the-end';
  }

  /** The bytes of the body in `data`, moved together in place: `data` must be the caller's own. Throws on what is not HTTP. */
  push(data: Buffer): Buffer {
    const body = this.#phase === 'head' ? this.#readHead(data) : data;
    if (this.#phase === 'head' || this.#phase === 'complete') return NOTHING;
    if (this.#phase === 'to-the-end') return body;
    return this.#chunked ? this.#readChunks(body) : this.#readLength(body);
  }

  #readHead(data: Buffer): Buffer {
    const all = this.#head.length === 0 ? data : Buffer.concat([this.#head, data]);
    const end = all.indexOf('\r\n\r\n');
    if (end === -1) {
      if (all.length > HEAD_MAX_BYTES) throw new Error('the head of the answer does not end');
      this.#head = all;
      return NOTHING;
    }
    this.#head = NOTHING;
    const [first = '', ...headers] = all.toString('latin1', 0, end).split('\r\n');
    const status = /^HTTP\/1\.[01] (\d{3})/u.exec(first)?.[1];
    if (status === undefined)
      throw new Error(`the answer is not HTTP but begins ${JSON.stringify(first.slice(0, 60))}`);
    const rest = all.subarray(end + 4);
    if (status.startsWith('1')) return this.#readHead(rest);
    this.#status = Number(status);
    this.#begin(new Map(headers.map(headerOf)));
    return rest;
  }

  #begin(headers: ReadonlyMap<string, string>): void {
    const coding = headers.get('transfer-encoding')?.toLowerCase();
    const length = headers.get('content-length');
    if (coding !== undefined) {
      if (coding !== 'chunked')
        throw new Error(`the answer comes in a coding that was not asked for: ${coding.slice(0, 60)}`);
      this.#chunked = true;
      this.#phase = 'size';
    } else if (length === undefined) {
      this.#phase = 'to-the-end';
    } else {
      this.#leftBytes = Number(length);
      if (!/^\d{1,15}$/u.test(length)) throw new Error(`the answer's length is ${JSON.stringify(length.slice(0, 60))}`);
      this.#phase = this.#leftBytes === 0 ? 'complete' : 'data';
    }
  }

  #readLength(data: Buffer): Buffer {
    const body = data.subarray(0, this.#leftBytes);
    this.#leftBytes -= body.length;
    if (this.#leftBytes === 0) this.#phase = 'complete';
    return body;
  }

  #readChunks(data: Buffer): Buffer {
    let to = 0;
    for (let at = 0; at < data.length && this.#phase !== 'complete'; ) {
      if (this.#phase === 'data') {
        const end = Math.min(at + this.#leftBytes, data.length);
        if (to !== at) data.copyWithin(to, at, end);
        to += end - at;
        this.#leftBytes -= end - at;
        if (this.#leftBytes === 0) this.#phase = 'data-end';
        at = end;
      } else {
        this.#between(data[at] ?? 0);
        at += 1;
      }
    }
    return data.subarray(0, to);
  }

  /** One byte of what stands between the data of two chunks. */
  #between(byte: number): void {
    if (this.#phase === 'size' && byte !== LF) {
      if (byte === SEMICOLON) this.#phase = 'extension';
      else if (byte !== CR) this.#sizeDigit(byte);
    } else if (this.#phase === 'trailer') {
      if (byte === LF && this.#trailerLineBytes === 0) this.#phase = 'complete';
      else if (byte === LF) this.#trailerLineBytes = 0;
      else if (byte !== CR) this.#trailerLineBytes += 1;
    } else if (byte === LF) {
      if (this.#phase === 'data-end') this.#phase = 'size';
      else if (this.#sizeDigits === 0) throw new Error('a chunk of the answer has no size');
      else this.#phase = this.#leftBytes === 0 ? 'trailer' : 'data';
      this.#sizeDigits = 0;
    } else if (this.#phase === 'data-end' && byte !== CR) {
      throw new Error('a chunk of the answer is longer than it said');
    }
  }

  #sizeDigit(byte: number): void {
    const digit = hexDigit(byte);
    this.#leftBytes = this.#leftBytes * 16 + digit;
    this.#sizeDigits += 1;
    if (digit === -1 || this.#leftBytes > CHUNK_MAX_BYTES)
      throw new Error('a chunk of the answer has no readable size');
  }
}

function headerOf(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, Math.max(colon, 0)).toLowerCase(), line.slice(colon + 1).trim()];
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
