// What the programs need of the process they are: the only file beside the entry points that sees it.
import { fstatSync, writeSync } from 'node:fs';
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import type { Terminal } from '../cli/terminal.ts';
import { inheritedFrom } from './inherited.ts';

const NODE_MAJOR_MIN = 24;

/** Ends the program with a plain sentence on a Node that cannot run it. */
export function requireNode(program: string): void {
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) return;
  process.stderr.write(`${program} needs Node ${NODE_MAJOR_MIN} or newer; this is ${process.version}\n`);
  process.exit(78);
}

/**
 * A daemon on other people's servers is judged by its memory: V8 lets garbage grow by tens of MiB while a long log is paged, where
 * collecting it earlier costs a little processor time (docs/decisions/0008-reading-logs.md).
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--memory-saver-mode');
}

/** Aborts on the first SIGTERM or SIGINT; the second ends the program at once, with the status a signal gives. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const [name, number] of [
    ['SIGTERM', 15],
    ['SIGINT', 2],
  ] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(128 + number);
      controller.abort(new DOMException(`${name} received`, 'AbortError'));
    });
  }
  return controller.signal;
}

/**
 * The program has done its work, and ends as soon as nothing is open any more. What is still open after `ms` is named and left behind: a
 * service that is stopped must not wait for its manager to lose patience.
 */
export function endWithin(ms: number): void {
  const late = setTimeout(() => {
    const open = process.getActiveResourcesInfo();
    write(2, `status-panel: ends although something is still open: ${open.join(', ')}\n`);
    process.exit();
  }, ms);
  // Alone it keeps nothing waiting.
  late.unref();
}

export function terminalOf(words: readonly string[], interrupted: AbortSignal): Terminal {
  const { serviceManager, writeEntry } = inheritedFrom(process.env, process.pid);
  return {
    words,
    environment: process.env,
    pid: process.pid,
    isRoot: process.getuid?.() === 0,
    architecture: process.arch,
    programDirectory: import.meta.dirname,
    isJournal: isJournal(),
    serviceManager,
    writeEntry,
    stdin: stdin(),
    out: (text) => write(1, text),
    err: (text) => write(2, text),
    print,
    interrupted,
  };
}

/** The stream that is left when its reader has gone says so once; whoever prints to it is told. */
let readerGone = false;

async function print(text: string): Promise<boolean> {
  if (process.stdout.listenerCount('error') === 0) {
    process.stdout.on('error', () => {
      readerGone = true;
    });
  }
  if (readerGone) return false;
  return await new Promise((resolve) => {
    process.stdout.write(text, (error) => resolve(error === undefined || error === null));
  });
}

// systemd writes the device and inode of the stream it connected to the journal; a redirected output has others.
function isJournal(): boolean {
  const stream = process.env['JOURNAL_STREAM'];
  if (stream === undefined) return false;
  const { dev, ino } = fstatSync(1);
  return stream === `${dev}:${ino}`;
}

async function* stdin(): AsyncGenerator<Buffer> {
  for await (const chunk of process.stdin) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
}

// Synchronous, so that the last lines before an exit are there; a pipe that is full for a moment says EAGAIN.
function write(descriptor: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  let at = 0;
  for (let tries = 0; at < bytes.length && tries < 200; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      // Nobody reads any more: an agent must not die of that.
      if (code !== 'EAGAIN') return;
      tries += 1;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
