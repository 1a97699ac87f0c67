// No effect twice, and no untrue report, wherever the agent is killed on a command's way.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { ProductionServer } from '../../support/production-server.ts';
import { EngineEvents } from '../engine-events.ts';
import { REDUCED } from './crash-plan.ts';
import { crashTable, faultsOf, runCrashPlan } from './crash-points.ts';

/** A few injection points are never reached, because the agent rightly does not come so far a second time. */
const KILLS_MIN_COUNT = 40;

test('SIGKILL at journal writes and around Docker calls of every changing command', async () => {
  const engine = { socketPath: inject('engineSocket') };
  const home = mkdtempSync(join(tmpdir(), 'status-panel-crash-'));
  await using server = await ProductionServer.start();
  using events = await EngineEvents.follow(engine);
  try {
    const site = { engine, image: inject('engineImage'), events, server, home };
    const results = await runCrashPlan(site, REDUCED, 'crash');
    console.log(crashTable(results));
    expect(faultsOf(results)).toEqual([]);
    expect(results.reduce((sum, { kills }) => sum + kills, 0)).toBeGreaterThanOrEqual(KILLS_MIN_COUNT);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
