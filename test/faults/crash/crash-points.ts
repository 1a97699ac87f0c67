// Runs a plan of crash cases, a few beside each other, and says in a table what came of them.
import { type CrashResult, type CrashSite, runCrashCase } from './crash-case.ts';
import type { CrashCase } from './crash-plan.ts';
import { textTable } from '../text-table.ts';

const BESIDE_COUNT = 4;
const LINES_SHOWN_COUNT = 12;

export async function runCrashPlan(
  site: CrashSite,
  plan: readonly CrashCase[],
  prefix: string,
): Promise<readonly CrashResult[]> {
  const results: CrashResult[] = [];
  const waiting = [...plan.entries()];
  const workers = Array.from({ length: BESIDE_COUNT }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [at, crash] = next;
      results.push(await runCrashCase(site, crash, `${prefix}-${at}`));
    }
  });
  await Promise.all(workers);
  return results;
}

/** One sentence for each thing that is not as it must be. */
export function faultsOf(results: readonly CrashResult[]): readonly string[] {
  return results.flatMap(({ crash, faults, lines }) =>
    faults.map((fault, at) => {
      const told = at === 0 ? `\n${lines.slice(-LINES_SHOWN_COUNT).join('\n')}` : '';
      return `${crash.command} of a ${crash.container} container, ${crash.kills.join(' then ')}: ${fault}${told}`;
    }),
  );
}

export function crashTable(results: readonly CrashResult[]): string {
  const commands = [...new Set(results.map(({ crash }) => crash.command))];
  const rows = [...commands, 'all'].map((command) => {
    const mine = results.filter(({ crash }) => command === 'all' || crash.command === command);
    const having = (word: string): number =>
      mine.filter(({ faults }) => faults.some((fault) => fault.startsWith(word))).length;
    return [
      command,
      mine.length,
      mine.reduce((sum, { kills }) => sum + kills, 0),
      having('unreported'),
      having('doubled'),
      having('untrue'),
      mine.filter(({ status }) => status === 'completed').length,
      mine.filter(({ code }) => code === 'interrupted').length,
      `${(Math.max(0, ...mine.map(({ recoveryMs }) => recoveryMs)) / 1000).toFixed(1)} s`,
    ];
  });
  const head = [
    'crash points',
    'commands',
    'kills',
    'lost',
    'doubled',
    'untrue',
    'completed',
    'interrupted',
    'slowest recovery',
  ];
  return textTable(head, rows);
}
