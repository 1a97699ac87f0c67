// What the running agent may do about its own version: find out whether it could be updated, ask for it, and read how that ended.
import { existsSync } from 'node:fs';
import { describeError, Fault } from '../../platform/fault.ts';
import type { Random } from '../../platform/random.ts';
import type { SelfUpdate } from '../../commands/context.ts';
import type { ErrorCode } from '../../protocol/error-code.ts';
import type { Policy } from '../policy/policy.ts';
import { Installation } from './installation.ts';
import { Ledger } from './ledger.ts';
import { withdrawRequest, writeRequest } from './request.ts';

/** The unit that takes requests; the installer puts it there. The launcher lets the agent see this path. */
const UPDATER_UNIT = '/etc/systemd/system/status-panel-update.path';

const NOT_INSTALLED = 'this agent was not installed from a release';

export interface SelfUpdateOptions {
  readonly version: string;
  /** The folder that the program's code lies in. */
  readonly programDirectory: string;
  readonly stateDirectory: string;
  readonly policy: Policy;
  readonly random: Random;
  readonly updaterUnit?: string;
}

export function selfUpdateOf(options: SelfUpdateOptions): SelfUpdate {
  const { stateDirectory, version, random } = options;
  const installation = Installation.around(options.programDirectory);
  const ledger = installation === undefined ? undefined : new Ledger(installation.updateDirectory);
  return {
    version,
    obstacle: obstacleOf(options, installation !== undefined),
    newRequestId: () => random.uuid(),
    request: (requestId, wanted) => {
      try {
        writeRequest(stateDirectory, { request_id: requestId, version: wanted });
      } catch (error) {
        throw new Fault<ErrorCode>('update_unavailable', `the request cannot be written: ${describeError(error)}`);
      }
    },
    withdraw: () => withdrawRequest(stateDirectory),
    outcomeOf: (requestId) => ledger?.resultOf(requestId),
  };
}

/** For an agent that is not an installed program. */
export function notInstalled(version: string): SelfUpdate {
  return {
    version,
    obstacle: { code: 'update_unavailable', message: NOT_INSTALLED },
    newRequestId: () => '',
    request: () => {
      throw new Fault<ErrorCode>('update_unavailable', NOT_INSTALLED);
    },
    withdraw: () => undefined,
    outcomeOf: () => undefined,
  };
}

/** Whether the capability can be promised. */
export function canBeUpdated(selfUpdate: SelfUpdate | undefined): boolean {
  return selfUpdate !== undefined && selfUpdate.obstacle === undefined;
}

function obstacleOf({ policy, updaterUnit }: SelfUpdateOptions, isInstalled: boolean): SelfUpdate['obstacle'] {
  if (!policy.update.allow_from_control_plane) {
    const message =
      'the owner of this host does not allow it: policy.json, "update": {"allow_from_control_plane": true}';
    return { code: 'not_allowed', message };
  }
  if (!isInstalled) return { code: 'update_unavailable', message: NOT_INSTALLED };
  if (!existsSync(updaterUnit ?? UPDATER_UNIT)) {
    return { code: 'update_unavailable', message: 'the updater is not installed: run the installer again' };
  }
  return undefined;
}
