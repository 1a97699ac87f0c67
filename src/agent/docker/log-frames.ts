// Decodes the engine's log stream into pieces: multiplexed frames of a container without a TTY, raw bytes of one with. Pure.
//
// Our own because docker-modem's recurses once a frame, overflows the stack at some 5,000 frames in a chunk, and drops a
// last frame that was cut off.
import type { LogStream } from '../../commands/context.ts';

export interface LogPiece {
  readonly stream: LogStream;
  readonly bytes: Buffer;
}

const HEADER_BYTES = 8;
/** The engine's own pieces are 16 KiB plus a timestamp; anything far beyond is not a frame. */
const FRAME_MAX_BYTES = 16 * 1024 * 1024;

/** Feed chunks as they come; frames may be cut anywhere. */
export class FrameDecoder {
  #rest: Buffer = Buffer.alloc(0);

  /** Frames that are complete with this chunk. Throws on bytes that cannot be a frame header. */
  push(chunk: Buffer): readonly LogPiece[] {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const pieces: LogPiece[] = [];
    let at = 0;
    while (data.length - at >= HEADER_BYTES) {
      const sizeBytes = data.readUInt32BE(at + 4);
      const stream = streamOf(data[at]);
      if (stream === undefined || sizeBytes > FRAME_MAX_BYTES) throw new Error('the log stream is not in frames');
      if (data.length - at - HEADER_BYTES < sizeBytes) break;
      pieces.push({ stream, bytes: data.subarray(at + HEADER_BYTES, at + HEADER_BYTES + sizeBytes) });
      at += HEADER_BYTES + sizeBytes;
    }
    this.#rest = data.subarray(at);
    return pieces;
  }

  /** What is left of a frame whose end never came: a crashing container's last words. */
  end(): readonly LogPiece[] {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    if (rest.length <= HEADER_BYTES) return [];
    const stream = streamOf(rest[0]);
    return stream === undefined ? [] : [{ stream, bytes: rest.subarray(HEADER_BYTES) }];
  }
}

function streamOf(type: number | undefined): LogStream | undefined {
  if (type === 1) return 'stdout';
  return type === 2 ? 'stderr' : undefined;
}
