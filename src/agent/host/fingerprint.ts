// What the control plane may recognise this server by: nothing personal, nothing secret.
import { createHash } from 'node:crypto';
import { arch, availableParallelism, hostname, release, totalmem, type } from 'node:os';
import { readIfPresent } from '../../platform/durable-file.ts';
import type { ServerFingerprint } from '../../protocol/registration.ts';

export function serverFingerprint(): ServerFingerprint {
  const machineId = readIfPresent('/etc/machine-id')?.trim();
  return {
    hostname: hostname(),
    os: `${type()} ${release()}`,
    arch: arch(),
    cpu_count: availableParallelism(),
    ram_mb: Math.round(totalmem() / 1024 / 1024),
    // machine-id(5) asks not to expose the id itself: a keyed hash of it tells machines apart just as well.
    ...(machineId === undefined || machineId === ''
      ? {}
      : { machine_id_hash: createHash('sha256').update(`status-panel:${machineId}`).digest('hex') }),
  };
}
