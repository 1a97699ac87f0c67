// npm run test:install: installs on a booted Debian 12, and with --all on Debian 11 and 13 too.
import { spawnSync } from 'node:child_process';
import process from 'node:process';

const words = process.argv.slice(2);
const suites = words.includes('--all') ? 'bookworm bullseye trixie' : process.env['STATUS_PANEL_INSTALL_SUITES'];
const vitest = ['run', '--project', 'install', ...words.filter((word) => word !== '--all')];
const { status } = spawnSync('vitest', vitest, {
  stdio: 'inherit',
  env: { ...process.env, ...(suites === undefined ? {} : { STATUS_PANEL_INSTALL_SUITES: suites }) },
});
process.exitCode = status ?? 1;
