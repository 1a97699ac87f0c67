#!/usr/bin/env node
// status-panel: the agent and its command line.
import process from 'node:process';
import { EXIT } from '../cli/exit-code.ts';
import { endWithin, interruption, keepHeapSmall, requireNode, terminalOf } from './process.ts';

const END_WITHIN_MS = 2_000;

requireNode('status-panel');
keepHeapSmall();
process.title = 'status-panel';
// Loaded after the check: an old Node fails on the imports with a message that helps nobody.
const { main } = await import('../cli/main.ts');
const interrupted = interruption();
try {
  const exit = await main(process.argv.slice(2), (words) => terminalOf(words, interrupted));
  process.exitCode = EXIT[exit].code;
  endWithin(END_WITHIN_MS);
} catch (error) {
  if (interrupted.aborted) {
    process.exitCode = 130;
    endWithin(END_WITHIN_MS);
  } else {
    process.stderr.write(`status-panel: a bug: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(EXIT.bug.code);
  }
}
