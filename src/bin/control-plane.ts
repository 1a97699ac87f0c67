#!/usr/bin/env node
// The control plane as a program: settings in, one ready line out, a clean end on SIGTERM.
import process from 'node:process';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import type { ControlPlaneSettings } from '../control-plane/settings.ts';
import type { VaultOptions } from '../control-plane/vault/vault-client.ts';
import { interruption, requireNode } from './process.ts';

requireNode('status-panel-control-plane');
// Loaded after the check: an old Node fails on the imports with a message that helps nobody.
const { default: envPaths } = await import('env-paths');
const { startControlPlane } = await import('../control-plane/control-plane.ts');
const { readSecretFile } = await import('../control-plane/private-file.ts');
const { helpText, readSettings } = await import('../control-plane/settings.ts');
const { describeError } = await import('../platform/fault.ts');
const { createLog } = await import('../platform/log.ts');

const EXIT_FAILED = 1;
const EXIT_SETTINGS = 2;

async function main(interrupted: AbortSignal): Promise<number> {
  // systemd names the directory it made for the service.
  const stateDirectory = process.env['STATE_DIRECTORY']?.split(':')[0];
  const defaultDataDir = stateDirectory ?? envPaths('status-panel-control-plane', { suffix: '' }).data;
  const outcome = readSettings(process.argv.slice(2), process.env, defaultDataDir);
  switch (outcome.kind) {
    case 'help':
      process.stdout.write(helpText());
      return 0;
    case 'faults':
      process.stderr.write(`${outcome.faults.join('\n')}\n`);
      return EXIT_SETTINGS;
    case 'settings':
      return run(outcome.settings, interrupted);
  }
}

async function run(settings: ControlPlaneSettings, interrupted: AbortSignal): Promise<number> {
  const log = createLog({ level: settings.logLevel, format: 'json', write: (line) => process.stdout.write(line) });
  let controlPlane: ControlPlane;
  try {
    controlPlane = await startControlPlane({ ...settings, vault: await vaultOf(settings), log });
  } catch (error) {
    log.error('the control plane cannot start', { reason: describeError(error) });
    return EXIT_FAILED;
  }
  log.info('control plane ready', {
    url: controlPlane.url,
    database: controlPlane.database,
    vault: controlPlane.vaultAddress,
    development_vault: controlPlane.devVault !== undefined,
    admin_token_file: controlPlane.adminTokenFile,
  });
  if (controlPlane.devVault !== undefined && settings.databaseUrl !== undefined) {
    log.warn(
      'the development Vault belongs to this process: give --vault-address to every process that shares the database',
    );
  }
  await untilAborted(interrupted);
  log.info('stopping: open polls are answered, requests under way finish');
  await controlPlane.stop();
  log.info('stopped');
  return 0;
}

async function vaultOf({ vault }: ControlPlaneSettings): Promise<VaultOptions | undefined> {
  if (vault === undefined) return undefined;
  const token = await readSecretFile(vault.tokenFile);
  if (token === undefined) throw new Error(`${vault.tokenFile} is missing: put the Vault token into it, mode 0600`);
  return { ...vault, token };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}

process.exitCode = await main(interruption());
