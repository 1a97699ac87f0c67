// Builds a release for the tests that install one, as "npm run release" does, with keys made for this run.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { TestProject } from 'vitest/node';
import { runProgram } from '../../scripts/parts/run-program.ts';
import { makeReleaseKey, makeRootKey } from '../../scripts/release/keys.ts';
import { say } from './shared-part.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A directory as a control plane publishes it. */
    releaseDirectory: string;
    /** The keys it is signed with, private ones included. */
    releaseKeys: string;
  }
}

const BUILD_DEADLINE_MS = 300_000;
const RELEASE = join(import.meta.dirname, '..', '..', 'scripts', 'release.ts');

export default async function setup(project: TestProject): Promise<() => void> {
  const home = mkdtempSync(join(tmpdir(), 'status-panel-release-'));
  const remove = (): void => rmSync(home, { recursive: true, force: true });
  try {
    const keys = join(home, 'keys');
    const directory = join(home, 'release');
    makeRootKey(keys);
    makeReleaseKey(keys, keys);
    const began = performance.now();
    await runProgram(process.execPath, [RELEASE, '--keys', keys, '--out', directory], {
      deadlineMs: BUILD_DEADLINE_MS,
    });
    say(`Release for the tests: built in ${Math.round((performance.now() - began) / 1000)} s`);
    project.provide('releaseDirectory', directory);
    project.provide('releaseKeys', keys);
  } catch (error) {
    remove();
    throw error;
  }
  return remove;
}
