// Makes a small container image from Debian's busybox, without a registry and without the docker program.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { provideDebianPackages } from './debian-packages.ts';
import { type EngineAddress, requestEngine } from './engine-request.ts';
import { runProgram } from './run-program.ts';
import { tarArchive, type TarEntry } from './tar-archive.ts';

const IMPORT_DEADLINE_MS = 60_000;
const DEFAULT_TAG = 'latest';

export interface ImportOptions {
  readonly say?: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Gives `engine` an image named `reference` (`name` or `name:tag`) with a shell and the usual small programs; returns its id. */
export async function importBusyboxImage(
  engine: EngineAddress,
  reference: string,
  options: ImportOptions = {},
): Promise<string> {
  const archive = await busyboxRootFileSystem(options);
  const colon = reference.lastIndexOf(':');
  const hasTag = colon > reference.lastIndexOf('/');
  const query = new URLSearchParams({
    fromSrc: '-',
    repo: hasTag ? reference.slice(0, colon) : reference,
    tag: hasTag ? reference.slice(colon + 1) : DEFAULT_TAG,
  });
  query.append('changes', 'CMD ["/bin/sh"]');
  query.append('changes', 'ENV PATH=/bin');
  const { status, text } = await requestEngine(engine, {
    method: 'POST',
    path: `/images/create?${query.toString()}`,
    deadlineMs: IMPORT_DEADLINE_MS,
    body: { type: 'application/x-tar', bytes: archive },
  });
  // The engine reports a failure in the middle of its answer too, after it has said 200.
  const id = /"status":"(?<id>sha256:[0-9a-f]{64})"/u.exec(text)?.groups?.['id'];
  if (status !== 200 || id === undefined || text.includes('"errorDetail"')) {
    throw new Error(
      `The Docker Engine did not import the image ${reference} (status ${status}): ${text.slice(0, 500)}`,
    );
  }
  return id;
}

async function busyboxRootFileSystem(options: ImportOptions): Promise<Buffer> {
  const say = options.say ?? (() => {});
  const { root } = await provideDebianPackages(['busybox-static'], { say, signal: options.signal });
  const program = ['bin/busybox', 'usr/bin/busybox'].map((name) => path.join(root, name)).find(existsSync);
  if (program === undefined) throw new Error(`There is no busybox in ${root}: remove that folder and try again.`);
  const applets = (await runProgram(program, ['--list'], { deadlineMs: 10_000 }))
    .split('\n')
    .filter((name) => /^[\w.[-]+$/u.test(name));
  const entries: TarEntry[] = [
    ...['bin', 'dev', 'etc', 'proc', 'root', 'sys', 'var'].map((name) => directory(`${name}/`, 0o755)),
    directory('tmp/', 0o1777),
    { kind: 'file', path: 'bin/busybox', mode: 0o755, bytes: await readFile(program) },
    ...applets.filter((name) => name !== 'busybox').map((name) => link(`bin/${name}`, 'busybox')),
    text('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n'),
    text('etc/group', 'root:x:0:\nnogroup:x:65534:\n'),
  ];
  return tarArchive(entries);
}

function directory(name: string, mode: number): TarEntry {
  return { kind: 'directory', path: name, mode };
}

function link(name: string, target: string): TarEntry {
  return { kind: 'link', path: name, target };
}

function text(name: string, content: string): TarEntry {
  return { kind: 'file', path: name, mode: 0o644, bytes: Buffer.from(content) };
}
