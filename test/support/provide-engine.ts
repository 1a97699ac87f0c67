// Gives the tests a real Docker Engine with one small image: a private one, or the one STATUS_PANEL_TEST_DOCKER_HOST names.
import process from 'node:process';
import type { TestProject } from 'vitest/node';
import { startPrivateEngine } from '../../scripts/parts/docker-engine.ts';
import { engineAnswers } from '../../scripts/parts/engine-request.ts';
import { importBusyboxImage } from '../../scripts/parts/images.ts';
import { say, sharePart, type StartedPart } from './shared-part.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The path of the engine's unix socket; all tests of the run share this engine. */
    engineSocket: string;
    /** The name of an image with a shell and busybox, already there. */
    engineImage: string;
  }
}

// Deliberately not DOCKER_HOST: the tests start, kill and remove containers, and must never do it on an engine in use.
const HOST_VARIABLE = 'STATUS_PANEL_TEST_DOCKER_HOST';
const IMAGE = 'status-panel-test:busybox';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { address, release } = await sharePart('engine', startEngine);
  project.provide('engineSocket', address);
  project.provide('engineImage', IMAGE);
  return release;
}

async function startEngine(): Promise<StartedPart> {
  const host = process.env[HOST_VARIABLE] ?? '';
  return host === '' ? await startOwnEngine() : await useNamedEngine(host);
}

async function useNamedEngine(host: string): Promise<StartedPart> {
  const socketPath = host.replace(/^unix:\/\//u, '');
  if (!(await engineAnswers({ socketPath }))) {
    throw new Error(
      `${HOST_VARIABLE} is "${host}", but no Docker Engine answers there. It must be the path of a unix socket, such as unix:///run/test-docker.sock.`,
    );
  }
  await importBusyboxImage({ socketPath }, IMAGE, { say });
  return { address: socketPath, end: async () => {} };
}

async function startOwnEngine(): Promise<StartedPart> {
  try {
    const engine = await startPrivateEngine({ say });
    await importBusyboxImage(engine, IMAGE, { say });
    return { address: engine.socketPath, end: () => engine.stop() };
  } catch (error) {
    throw new Error(
      `These tests need a Docker Engine of their own. They start one themselves as root on Debian 12 or newer; elsewhere, name one that holds nothing of value in ${HOST_VARIABLE}.`,
      { cause: error },
    );
  }
}
