// What systemd hands over is taken by the process it is for, once, and by nobody else.
import { mkdtempSync, openSync, rmSync, closeSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inheritedFrom } from '../../src/bin/inherited.ts';

const INHERITED = join(import.meta.dirname, '..', '..', 'src', 'bin', 'inherited.ts');

/** Runs a program with a pipe as descriptor 3 and, if wanted, 4; gives what it wrote there and on standard output. */
async function run(program: string, environment: Readonly<Record<string, string>>): Promise<readonly string[]> {
  // A shell that becomes the program, as systemd does it: the number it tells is that of the program.
  const shell = 'LISTEN_PID="${OTHER_PID:-$$}" WATCHDOG_PID=$$ exec "$0" --input-type=module -e "$1"';
  const child = spawn('/bin/sh', ['-c', shell, process.execPath, program], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'inherit', 'pipe', 'pipe'],
  });
  const texts = ['', '', '', '', ''];
  for (const at of [1, 3, 4]) child.stdio[at]?.on('data', (chunk: Buffer) => (texts[at] += chunk.toString()));
  await new Promise((resolve) => child.on('close', resolve));
  return texts;
}

const program = (body: string): string => `
  import { inheritedFrom } from ${JSON.stringify(INHERITED)};
  import { spawnSync } from 'node:child_process';
  const { serviceManager, writeEntry } = inheritedFrom(process.env, process.pid);
  ${body}
`;
const GIVEN = { LISTEN_FDS: '2', LISTEN_FDNAMES: 'notify:journal', NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '30000000' };

describe('what systemd hands over', () => {
  it('is used: one descriptor for notices, one for journal entries, and how long its patience lasts', async () => {
    const [, out, , notices, entries] = await run(
      program(`
        serviceManager.ready();
        serviceManager.status('two\\nlines');
        serviceManager.stopping(1500.2);
        console.log(serviceManager.watchdogMs, writeEntry(Buffer.from('MESSAGE=x\\n')));
      `),
      GIVEN,
    );
    expect(out).toBe('30000 true\n');
    expect(notices).toBe('READY=1\nSTATUS=two lines\nSTOPPING=1\nEXTEND_TIMEOUT_USEC=1501000\n');
    expect(entries).toBe('MESSAGE=x\n');
  });

  it('is not handed on: neither the variables nor the descriptors', async () => {
    const [, out] = await run(
      program(`
        const child = spawnSync('/bin/sh', ['-c', 'env; for at in 3 4; do [ ! -e /proc/$$/fd/$at ] || echo open $at; done'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
        console.log(child.stdout);
      `),
      GIVEN,
    );
    expect(out).not.toMatch(/LISTEN_|NOTIFY_|WATCHDOG_/u);
    expect(out).toContain('PATH=');
    expect(out).not.toContain('open ');
  });

  it('that was for another process is left alone', async () => {
    const [, out, , notices] = await run(
      program(`serviceManager.ready(); console.log(writeEntry === undefined, process.env.LISTEN_FDS === undefined);`),
      { ...GIVEN, OTHER_PID: '1' },
    );
    expect(out).toBe('true true\n');
    expect(notices).toBe('');
  });

  it('that is no socket and no pipe is not written to', () => {
    const folder = mkdtempSync(join(tmpdir(), 'status-panel-inherited-'));
    const descriptor = openSync(join(folder, 'file'), 'w');
    const names = [...Array.from({ length: descriptor - 3 }, () => 'x'), 'notify', 'journal'];
    const environment = { LISTEN_PID: '7', LISTEN_FDS: String(names.length), LISTEN_FDNAMES: names.join(':') };
    const { writeEntry, serviceManager } = inheritedFrom(environment, 7);
    expect(writeEntry).toBeUndefined();
    serviceManager.ready();
    expect(environment).toEqual({});
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  });
});
