// The one resolver from app_code to container, the same for every command (REQUIREMENTS A8). Pure.
import { Fault } from '../platform/fault.ts';
import type { ErrorCode } from '../protocol/error-code.ts';
import type { ContainerSummary } from './context.ts';

export interface Wanted {
  readonly app_code: string;
  /** Exact container name or id; decides alone when given. */
  readonly container?: string | undefined;
}

export interface Deployment {
  readonly deploymentHash: string;
  /** The compose project, when the owner has named it. */
  readonly composeProject: string | undefined;
}

const PROJECT_LABEL = 'com.docker.compose.project';
const SERVICE_LABELS = ['my.stacker.service', 'com.docker.compose.service'] as const;
const SHORT_ID_MIN_CHARS = 12;

/**
 * Explicit container, then the service labels inside this deployment's compose project, then the exact container name. More than one
 * answer on a step is container_ambiguous with the candidates, none on any step container_not_found; image names are never looked at.
 */
export function resolveContainer(
  containers: readonly ContainerSummary[],
  wanted: Wanted,
  deployment: Deployment,
): ContainerSummary {
  const steps =
    wanted.container === undefined ? stepsByApp(wanted, containers, deployment) : [byName(wanted.container)];
  for (const matches of steps) {
    const found = containers.filter(matches);
    if (found.length > 1) throw ambiguous(wanted, found);
    if (found[0] !== undefined) return found[0];
  }
  throw notFound(wanted, deploymentContainers(containers, deployment));
}

/** Every container of the deployment, by name. Without a known compose project that is every container of the host. */
export function deploymentContainers(
  containers: readonly ContainerSummary[],
  deployment: Deployment,
): readonly ContainerSummary[] {
  const project = projectOf(containers, deployment);
  const mine = project === undefined ? containers : containers.filter((one) => one.labels[PROJECT_LABEL] === project);
  return mine.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** What a container is called towards the control plane. */
export function appCodeOf(container: ContainerSummary): string {
  for (const label of SERVICE_LABELS) {
    const value = container.labels[label];
    if (value !== undefined && value !== '') return value;
  }
  return container.name;
}

function stepsByApp(
  wanted: Wanted,
  containers: readonly ContainerSummary[],
  deployment: Deployment,
): readonly ((container: ContainerSummary) => boolean)[] {
  const project = projectOf(containers, deployment);
  const inProject = (one: ContainerSummary): boolean => project === undefined || one.labels[PROJECT_LABEL] === project;
  const byLabel = SERVICE_LABELS.map(
    (label) => (one: ContainerSummary) => inProject(one) && one.labels[label] === wanted.app_code,
  );
  return [...byLabel, byName(wanted.app_code)];
}

function byName(name: string): (container: ContainerSummary) => boolean {
  const bare = name.replace(/^\//u, '');
  const isId = bare.length >= SHORT_ID_MIN_CHARS && /^[0-9a-f]+$/u.test(bare);
  return (container) => container.name === bare || (isId && container.id.startsWith(bare));
}

// Compose names a project after its directory, which the platform names after the hash; compose lower-cases it and drops other characters.
function projectOf(containers: readonly ContainerSummary[], deployment: Deployment): string | undefined {
  if (deployment.composeProject !== undefined) return deployment.composeProject;
  const derived = deployment.deploymentHash.toLowerCase().replaceAll(/[^a-z0-9_-]/gu, '');
  return containers.some((one) => one.labels[PROJECT_LABEL] === derived) ? derived : undefined;
}

function ambiguous(wanted: Wanted, found: readonly ContainerSummary[]): Fault<ErrorCode> {
  const candidates = found.map((one) => one.name).toSorted();
  return new Fault<ErrorCode>(
    'container_ambiguous',
    `${found.length} containers answer to ${JSON.stringify(wanted.app_code)}: ${candidates.join(', ')}; set "container" to one of them`,
    { details: { candidates } },
  );
}

const SHOWN_MAX_COUNT = 30;

function notFound(wanted: Wanted, known: readonly ContainerSummary[]): Fault<ErrorCode> {
  const apps = [...new Set(known.map(appCodeOf))].slice(0, SHOWN_MAX_COUNT);
  const there = apps.length === 0 ? 'this deployment has no containers' : `this deployment has: ${apps.join(', ')}`;
  const what =
    wanted.container === undefined
      ? `app ${JSON.stringify(wanted.app_code)}`
      : `container ${JSON.stringify(wanted.container)}`;
  return new Fault<ErrorCode>('container_not_found', `no ${what}; ${there}`, { details: { app_codes: apps } });
}
