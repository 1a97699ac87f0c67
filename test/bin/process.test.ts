// How the process ends once its work is done.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, it } from 'vitest';

const PROCESS = join(import.meta.dirname, '..', '..', 'src', 'bin', 'process.ts');

function run(body: string): { readonly status: number | null; readonly stderr: string } {
  const program = `import { endWithin } from ${JSON.stringify(PROCESS)}; ${body}`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', timeout: 15_000 });
}

describe('a program whose work is done', () => {
  it('ends with its status, and names what somebody has left open', () => {
    const ended = run(
      "import { createServer } from 'node:net'; createServer().listen(0); process.exitCode = 3; endWithin(200);",
    );
    expect(ended).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/something is still open: .*TCPServerWrap/u),
    });
  });

  it('does not wait when nothing is open', () => {
    expect(run('process.exitCode = 3; endWithin(60_000);')).toMatchObject({ status: 3, stderr: '' });
  });
});
