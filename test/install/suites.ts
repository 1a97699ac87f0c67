// Which Debian releases the installation is tested on: 12, or those that STATUS_PANEL_INSTALL_SUITES names.
import process from 'node:process';
import type { Suite } from './rig/root-file-system.ts';

const KNOWN: readonly Suite[] = ['bullseye', 'bookworm', 'trixie'];

export function suites(): readonly Suite[] {
  const wanted = (process.env['STATUS_PANEL_INSTALL_SUITES'] ?? 'bookworm').split(/\s+/u).filter((word) => word !== '');
  return wanted.map((word) => {
    const suite = KNOWN.find((one) => one === word);
    if (suite === undefined) throw new Error(`STATUS_PANEL_INSTALL_SUITES: ${word} is none of ${KNOWN.join(', ')}`);
    return suite;
  });
}
