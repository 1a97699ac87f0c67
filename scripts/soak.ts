// npm run soak: the fault tests at full size, on a Docker Engine of its own, each ending in a table.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { FULL } from '../test/faults/crash/crash-plan.ts';
import { crashTable, faultsOf, runCrashPlan } from '../test/faults/crash/crash-points.ts';
import { EngineEvents } from '../test/faults/engine-events.ts';
import { ProductionServer } from '../test/support/production-server.ts';
import { startPrivateEngine } from './parts/docker-engine.ts';
import type { EngineAddress } from './parts/engine-request.ts';
import { importBusyboxImage } from './parts/images.ts';
import { leakCheck } from './soak/leak.ts';
import { checkLogs } from './soak/logs.ts';
import { runSoak } from './soak/soak-run.ts';
import { soakFaults, soakTable } from './soak/soak-table.ts';

const USAGE = `usage: npm run soak -- [--commands N] [--kills K] [--minutes M] [--seed S] [--production | --crash-points | --leak | --logs]

  (nothing)        commands through a network that loses them, against the reference control plane (default 10000, 100 kills)
  --production     the same against a server that pops before it delivers (default 2500, 50 kills)
  --crash-points   SIGKILL at every journal write and around every Docker call of every changing command
  --leak           slopes of memory and handles over many commands (default 20000)
  --logs           pages of logs put together are the log: every kind of line, bursts, rotation, by several seeds
  --minutes M      give up after so long (default 60)
  --seed S         the same faults as in an earlier run; commands and kills must be the same, too
`;

const IMAGE = 'status-panel-soak:busybox';
const MS_PER_MINUTE = 60_000;

const { values } = parseArgs({
  options: {
    commands: { type: 'string' },
    kills: { type: 'string' },
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string' },
    production: { type: 'boolean', default: false },
    'crash-points': { type: 'boolean', default: false },
    leak: { type: 'boolean', default: false },
    logs: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Returns what did not hold. */
async function main(engine: EngineAddress): Promise<readonly string[]> {
  if (values['crash-points']) return await crashPoints(engine);
  if (values.leak) return await leakCheck({ engine, image: IMAGE, commands: Number(values.commands ?? 20_000), say });
  if (values.logs)
    return await checkLogs(
      { ...engine, image: IMAGE },
      values.seed === undefined ? undefined : Number(values.seed),
      say,
    );
  const server = values.production ? 'production' : 'reference';
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
  console.log(`seed ${seed}`);
  const result = await runSoak({
    engine,
    image: IMAGE,
    server,
    commands: Number(values.commands ?? (values.production ? 2_500 : 10_000)),
    kills: Number(values.kills ?? (values.production ? 50 : 100)),
    deadlineMs: Number(values.minutes) * MS_PER_MINUTE,
    seed,
    say,
  });
  console.log(`\n${soakTable(result)}\n`);
  return soakFaults(result);
}

async function crashPoints(engine: EngineAddress): Promise<readonly string[]> {
  const home = mkdtempSync(join(tmpdir(), 'status-panel-crash-'));
  await using server = await ProductionServer.start();
  using events = await EngineEvents.follow(engine);
  try {
    const results = await runCrashPlan({ engine, image: IMAGE, events, server, home }, FULL, 'crash');
    console.log(`\n${crashTable(results)}\n`);
    return faultsOf(results);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function say(line: string): void {
  console.error(line);
}

if (values.help) {
  console.log(USAGE);
} else {
  await using engine = await startPrivateEngine({ say });
  await importBusyboxImage(engine, IMAGE, { say });
  const faults = await main(engine);
  for (const fault of faults) console.error(`NOT HELD: ${fault}`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
