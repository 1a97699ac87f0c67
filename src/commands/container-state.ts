// Docker's states in the words of the report: the server knows five, Docker eight (PROTOCOL.md §4.4). Pure.
import { z } from 'zod';
import type { ContainerDetails } from './context.ts';

export const containerState = z.enum(['running', 'exited', 'starting', 'failed', 'unknown']);
export type ReportedState = z.infer<typeof containerState>;

export const healthStatus = z.enum(['ok', 'unhealthy', 'unknown']);
export type HealthStatus = z.infer<typeof healthStatus>;

/** `paused` and `created` have no word of their own and are `unknown`: `metrics.docker_state` tells them apart. */
export function reportedState(container: Pick<ContainerDetails, 'state' | 'healthcheck'>): ReportedState {
  switch (container.state) {
    case 'running':
      return container.healthcheck === 'starting' ? 'starting' : 'running';
    case 'restarting':
      return 'starting';
    case 'exited':
    case 'removing':
      return 'exited';
    case 'dead':
      return 'failed';
    case 'paused':
    case 'created':
    case 'unknown':
      return 'unknown';
  }
}

/** The image's own HEALTHCHECK decides where there is one; a container that is not up is unhealthy. */
export function healthOf(container: Pick<ContainerDetails, 'state' | 'healthcheck'>): HealthStatus {
  if (container.state === 'running') {
    if (container.healthcheck === 'unhealthy') return 'unhealthy';
    return container.healthcheck === 'starting' ? 'unknown' : 'ok';
  }
  return container.state === 'unknown' ? 'unknown' : 'unhealthy';
}

const STATE_RANK: readonly ReportedState[] = ['failed', 'exited', 'unknown', 'starting', 'running'];
const HEALTH_RANK: readonly HealthStatus[] = ['unhealthy', 'unknown', 'ok'];

/** The worst of several: what one line about many containers has to say. */
export function worstState(states: readonly ReportedState[]): ReportedState {
  return STATE_RANK.find((state) => states.includes(state)) ?? 'unknown';
}

export function worstHealth(statuses: readonly HealthStatus[]): HealthStatus {
  return HEALTH_RANK.find((status) => statuses.includes(status)) ?? 'unknown';
}
