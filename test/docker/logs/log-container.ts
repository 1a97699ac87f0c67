// Containers for the tests of paging: they print given bytes, or lines of a pattern, and their log can be read past the engine.
import { existsSync, readFileSync } from 'node:fs';
import { createContainer, dockerClient } from '../../../scripts/parts/containers.ts';
import type { EngineAddress } from '../../../scripts/parts/engine-request.ts';
import { tarArchive } from '../../../scripts/parts/tar-archive.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { type Driver, isTty, type Written } from './log-truth.ts';
import { z } from 'zod';

export interface Place extends EngineAddress {
  readonly image: string;
}

export interface Printing {
  readonly name: string;
  readonly driver: Driver;
  readonly logOptions?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

const JSON_FILE = 'json-file';

export function logConfigOf({ driver, logOptions }: Printing) {
  return { type: driver === 'local' || driver === 'tty-local' ? 'local' : JSON_FILE, options: logOptions ?? {} };
}

/** A container that prints both streams at once, byte for byte, and has ended when this returns. */
export async function printed(place: Place, printing: Printing, written: Written): Promise<string> {
  const tty = isTty(printing.driver);
  // A terminal that is cooked changes more than line ends: only those are left to it.
  const both = 'cat /stdout & cat /stderr >&2 & wait';
  const command = ['sh', '-c', tty ? 'stty -echo -icanon; cat /stdout' : both];
  const id = await createContainer(place, {
    image: place.image,
    name: printing.name,
    tty,
    command,
    env: printing.env ?? {},
    logConfig: logConfigOf(printing),
  });
  const files = (['stdout', 'stderr'] as const).map((name) => ({
    kind: 'file' as const,
    path: name,
    mode: 0o644,
    bytes: written[name],
  }));
  const container = dockerClient(place).getContainer(id);
  await container.putArchive(tarArchive(files), { path: '/' });
  await container.start();
  await container.wait();
  await settled(place, id);
  return id;
}

/** The engine writes the last lines after it has said that the container is gone: until its log has not grown for a moment. */
async function settled(place: Place, id: string): Promise<void> {
  const size = (): Promise<number> =>
    logFiles(place, id).then((files) => files.reduce((sum, file) => sum + file.length, 0));
  for (let last = -1, now = await size(); last !== now; now = await size()) {
    last = now;
    await systemClock.sleep(100);
  }
}

export async function logPath(place: EngineAddress, id: string): Promise<string> {
  const { LogPath } = await dockerClient(place).getContainer(id).inspect();
  return LogPath;
}

/** The bytes of the log's files that can be read from here, oldest first. */
async function logFiles(place: Place, id: string): Promise<readonly Buffer[]> {
  const path = await logPath(place, id);
  return path !== '' && existsSync(path) ? [readFileSync(path)] : [];
}

const entry = z.object({ log: z.string(), stream: z.enum(['stdout', 'stderr']), time: z.string() });

/** The entries of a json-file log as they lie in its file, both streams in the engine's order; undefined when it is out of reach. */
export async function fileOrder(place: Place, id: string): Promise<readonly z.infer<typeof entry>[] | undefined> {
  const [file] = await logFiles(place, id);
  return file
    ?.toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => entry.parse(JSON.parse(line)));
}
