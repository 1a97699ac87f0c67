// Updates an installation: obtain, switch, restart, judge, and go back by itself when the new version is broken (docs/updating.md).
//
//   obtained ──▶ attempt on disk ──▶ current leads to the new one ──▶ restarted ──▶ judged ──good──▶ last-good leads to it ──▶ attempt gone
//                                                                                   └──broken──▶ current leads back ──▶ restarted
//
// A crash leaves the attempt on disk. systemd starts the updater again for as long as it is there (systemd/status-panel-update.path), from the
// last good version's program, and `recover` takes it up: before the judgement by judging, afterwards by going back.
import type { Clock } from '../../platform/clock.ts';
import { describeError, Fault } from '../../platform/fault.ts';
import type { Services } from '../../platform/systemctl.ts';
import type { Installation } from './installation.ts';
import type { Attempt, Ledger, UpdateResult } from './ledger.ts';
import { obtain, offered } from './obtain.ts';
import type { ReleaseSource } from './source.ts';
import { replaceUnits } from './units.ts';
import type { Verdict } from './verdict.ts';
import { compareVersions, versionsOffered } from './version.ts';

export const SERVICE = 'status-panel.service';

export interface UpdaterOptions {
  readonly installation: Installation;
  readonly ledger: Ledger;
  readonly source: ReleaseSource;
  readonly rootKeyPem: string;
  /** As Node names it: x64, arm64. */
  readonly architecture: string;
  readonly unitDirectory: string;
  readonly services: Services;
  /** Throws a Fault when the version in that folder cannot run on this host. */
  readonly tryOut: (versionDirectory: string, version: string) => Promise<void>;
  /** Looks how the service is before a restart. What it returns watches until `version` can be judged. */
  readonly watch: (version: string) => (signal: AbortSignal) => Promise<Verdict>;
  readonly clock: Clock;
  readonly say: (line: string) => void;
}

export interface Wish {
  /** Undefined is the newest that is offered. */
  readonly version: string | undefined;
  readonly allowDowngrade: boolean;
  /** Tries a version again that has failed here. */
  readonly retryFailed: boolean;
  readonly requestId: string | undefined;
}

export type Outcome = Omit<UpdateResult, 'request_id' | 'at'>;

/** The newest version that is offered, and whether it would be installed. */
export async function check(
  options: UpdaterOptions,
  signal: AbortSignal,
): Promise<{ readonly current: string; readonly newest: string; readonly failure: string | undefined }> {
  const sums = await offered(options.source, options.rootKeyPem, signal);
  const newest = newestOf(versionsOffered(sums.keys(), options.architecture), options);
  return { current: currentOf(options), newest, failure: options.ledger.failureOf(newest) };
}

/** Throws a Fault when nothing was changed: not_verified, not_offered, unreachable, update_refused, cannot_write and those of an archive. */
export async function update(options: UpdaterOptions, wish: Wish, signal: AbortSignal): Promise<Outcome> {
  const { installation, ledger, architecture, source, say } = options;
  installation.check();
  const from = currentOf(options);
  const sums = await offered(source, options.rootKeyPem, signal);
  const to = wish.version ?? newestOf(versionsOffered(sums.keys(), architecture), options);
  if (to === from) return { outcome: 'unchanged', from, to, reason: 'this version is installed already' };
  refuseUnwanted(from, to, wish, ledger);
  // What runs is proven enough to go back to, when nothing else is.
  if (installation.linked('last-good') === undefined) installation.lead('last-good', from);
  say(`installing ${to} from ${source.name}`);
  await obtain({ version: to, architecture, sums }, source, installation, signal);
  await options.tryOut(installation.versionDirectory(to), to);
  ledger.begin({
    from,
    to,
    phase: 'switching',
    failed: false,
    reason: '',
    ...(wish.requestId === undefined ? {} : { request_id: wish.requestId }),
  });
  return await switchOver(options, from, to, signal);
}

/** Ends an attempt that an earlier updater left unfinished; undefined when there is none. */
export async function recover(
  options: Pick<UpdaterOptions, Exclude<keyof UpdaterOptions, 'source' | 'rootKeyPem'>>,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { ledger, say } = options;
  const { attempt } = ledger;
  if (attempt === undefined) return undefined;
  say(`an update from ${attempt.from} to ${attempt.to} was interrupted; finishing it`);
  if (attempt.phase === 'returning') return await goBack(options, attempt);
  if (!options.installation.has(attempt.to)) return await goBack(options, { ...attempt, reason: 'its folder is gone' });
  return await switchOver(options, attempt.from, attempt.to, signal);
}

type SwitchOptions = Parameters<typeof recover>[0];

async function switchOver(options: SwitchOptions, from: string, to: string, signal: AbortSignal): Promise<Outcome> {
  const { installation, ledger, say } = options;
  const judgement = options.watch(to);
  await restartInto(options, from, to);
  const verdict = await judgement(signal);
  switch (verdict.kind) {
    case 'good':
      installation.lead('last-good', to);
      ledger.forgive(to);
      return conclude(options, { outcome: 'updated', from, to, reason: '' }, [from, to]);
    case 'unconfirmed':
      return conclude(options, { outcome: 'unconfirmed', from, to, reason: verdict.reason }, [from, to]);
    case 'wait':
    case 'broken': {
      const failed = verdict.kind === 'broken';
      const reason = failed ? verdict.reason : 'the updater was stopped before it could be judged';
      say(`${to}: ${reason}; going back to ${from}`);
      const attempt: Attempt = { ...(ledger.attempt ?? { from, to }), phase: 'returning', failed, reason };
      // On disk first: a crash from here on must not judge it again.
      ledger.begin(attempt);
      return await goBack(options, attempt);
    }
  }
}

async function goBack(options: SwitchOptions, { from, to, failed, reason }: Attempt): Promise<Outcome> {
  const { ledger, clock } = options;
  if (failed) ledger.failed(to, reason, new Date(clock.now()).toISOString());
  await restartInto(options, to, from);
  return conclude(options, { outcome: 'rolled-back', from, to, reason }, [from]);
}

/** `from` is the version whose unit files are in place. */
async function restartInto(options: SwitchOptions, from: string, to: string): Promise<void> {
  const { installation, services, unitDirectory, say } = options;
  installation.lead('current', to);
  try {
    const units = replaceUnits(unitDirectory, installation.versionDirectory(from), installation.versionDirectory(to));
    if (units.length > 0) say(`unit files replaced: ${units.join(', ')}`);
  } catch (error) {
    // The version is judged with the units that are there: better than standing still between two versions.
    say(`unit files in ${unitDirectory} could not all be replaced: ${describeError(error)}`);
  }
  await services.reload();
  say(`restarting ${SERVICE} with ${to}`);
  await services.restart(SERVICE);
}

/** The result first, then the end of the attempt: a crash in between concludes it once more, and the first result stays. */
function conclude(options: SwitchOptions, outcome: Outcome, keep: readonly string[]): Outcome {
  const { installation, ledger, clock, say } = options;
  const requestId = ledger.attempt?.request_id;
  if (requestId !== undefined) {
    ledger.conclude({ ...outcome, request_id: requestId, at: new Date(clock.now()).toISOString() });
  }
  ledger.end();
  try {
    const old = installation.prune(keep);
    if (old.length > 0) say(`removed old versions: ${old.join(', ')}`);
  } catch (error) {
    say(`old versions could not be removed: ${describeError(error)}`);
  }
  return outcome;
}

function currentOf({ installation }: Pick<UpdaterOptions, 'installation'>): string {
  const current = installation.linked('current');
  if (current === undefined) {
    throw new Fault('cannot_write', `${installation.directory}/current leads to no version: run the installer again`);
  }
  return current;
}

function newestOf(versions: readonly string[], { source, architecture }: UpdaterOptions): string {
  const [newest] = versions;
  if (newest === undefined)
    throw new Fault('not_offered', `${source.name} offers no version for linux-${architecture}`);
  return newest;
}

function refuseUnwanted(from: string, to: string, wish: Wish, ledger: Ledger): void {
  if (compareVersions(to, from) < 0 && !wish.allowDowngrade) {
    throw new Fault(
      'update_refused',
      `${to} is older than ${from}: "status-panel update --allow-downgrade" installs it all the same`,
    );
  }
  const failure = ledger.failureOf(to);
  if (failure !== undefined && !wish.retryFailed) {
    throw new Fault(
      'update_refused',
      `${to} has failed on this host before (${failure}): "status-panel update --retry-failed" tries it again`,
    );
  }
}
