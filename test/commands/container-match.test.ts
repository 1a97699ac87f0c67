// Which container an app_code means: every rule in its order, and never a guess.
import { describe, expect, it } from 'vitest';
import { appCodeOf, deploymentContainers, resolveContainer } from '../../src/commands/container-match.ts';
import type { ContainerSummary } from '../../src/commands/context.ts';
import { Fault } from '../../src/platform/fault.ts';
import { composeLabels, container, idOf } from './fake-docker.ts';

const HERE = { deploymentHash: 'dep-abc_123', composeProject: undefined };
const PROJECT = 'dep-abc_123';

function faultOf(work: () => unknown): Fault {
  try {
    work();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const find = (
  containers: readonly ContainerSummary[],
  app_code: string,
  more: { container?: string; composeProject?: string } = {},
): string =>
  resolveContainer(
    containers,
    { app_code, container: more.container },
    { ...HERE, composeProject: more.composeProject },
  ).name;

describe('resolveContainer', () => {
  it('takes the explicit container, by name, with or without slash, and by id', () => {
    const all = [container('web'), container('db'), container('shop-web-1', { labels: composeLabels(PROJECT, 'web') })];
    expect(find(all, 'web', { container: 'db' })).toBe('db');
    expect(find(all, 'web', { container: '/db' })).toBe('db');
    expect(find(all, 'web', { container: idOf('shop-web-1') })).toBe('shop-web-1');
    expect(find(all, 'web', { container: idOf('shop-web-1').slice(0, 16) })).toBe('shop-web-1');
  });

  it('does not take a short run of hex digits for an id', () => {
    const all = [container('web')];
    expect(faultOf(() => find(all, 'web', { container: idOf('web').slice(0, 11) })).code).toBe('container_not_found');
  });

  it('with an explicit container looks at nothing else', () => {
    const all = [container('web')];
    expect(faultOf(() => find(all, 'web', { container: 'gone' })).message).toContain('"gone"');
  });

  it("prefers the platform's label to compose's, and both to the name", () => {
    const byName = container('web');
    const byCompose = container('a', { labels: composeLabels(PROJECT, 'web') });
    const byPlatform = container('b', {
      labels: { 'com.docker.compose.project': PROJECT, 'my.stacker.service': 'web' },
    });
    expect(find([byName, byCompose, byPlatform], 'web')).toBe('b');
    expect(find([byName, byCompose], 'web')).toBe('a');
    expect(find([byName], 'web')).toBe('web');
  });

  it('matches neither a part of a name nor an image', () => {
    const all = [
      container('webhook', { image: 'web' }),
      container('my-web-1', { image: 'example/web:1' }),
      container('web_1', { image: 'registry/web/web' }),
      container('mariadb', { image: 'db' }),
    ];
    expect(faultOf(() => find(all, 'web')).code).toBe('container_not_found');
    expect(faultOf(() => find(all, 'db')).code).toBe('container_not_found');
    expect(faultOf(() => find(all, '---')).code).toBe('container_not_found');
    expect(faultOf(() => find(all, 'WEB')).code).toBe('container_not_found');
  });

  it('looks at labels only within the compose project of this deployment', () => {
    const foreign = container('other-web-1', { labels: composeLabels('other', 'web') });
    const mine = container('mine-web-1', { labels: composeLabels(PROJECT, 'web') });
    expect(find([foreign, mine], 'web')).toBe('mine-web-1');
    expect(faultOf(() => find([foreign, container('x', { labels: composeLabels(PROJECT, 'x') })], 'web')).code).toBe(
      'container_not_found',
    );
  });

  it('takes the project the owner has named instead of the hash', () => {
    const all = [
      container('a', { labels: composeLabels(PROJECT, 'web') }),
      container('b', { labels: composeLabels('shop', 'web') }),
    ];
    expect(find(all, 'web', { composeProject: 'shop' })).toBe('b');
  });

  it('derives the project as compose does: lower case, without other characters', () => {
    const all = [
      container('a', { labels: composeLabels('depabc-1', 'web') }),
      container('b', { labels: composeLabels('x', 'web') }),
    ];
    expect(
      resolveContainer(all, { app_code: 'web' }, { deploymentHash: 'Dep.Abc-1', composeProject: undefined }).name,
    ).toBe('a');
  });

  it('without a known project looks at all, and then two answers are ambiguous, with the candidates', () => {
    const all = [
      container('b-web-1', { labels: composeLabels('b', 'web') }),
      container('a-web-1', { labels: composeLabels('a', 'web') }),
    ];
    const fault = faultOf(() => find(all, 'web'));
    expect(fault.code).toBe('container_ambiguous');
    expect(fault.message).toContain('a-web-1, b-web-1');
    expect(fault.message).toContain('"container"');
    expect(fault.details).toEqual({ candidates: ['a-web-1', 'b-web-1'] });
  });

  it('is ambiguous for the replicas of one service too', () => {
    const all = [1, 2, 3].map((n) => container(`shop-web-${n}`, { labels: composeLabels(PROJECT, 'web') }));
    expect(faultOf(() => find(all, 'web')).details).toEqual({ candidates: ['shop-web-1', 'shop-web-2', 'shop-web-3'] });
    expect(find(all, 'web', { container: 'shop-web-2' })).toBe('shop-web-2');
  });

  it('says which apps there are when it finds none, each once and not too many', () => {
    const all = Array.from({ length: 40 }, (_, at) =>
      container(`c${at}`, { labels: composeLabels(PROJECT, `app-${at % 35}`) }),
    );
    const fault = faultOf(() => find(all, 'web'));
    expect(fault.message).toContain('app-0');
    expect(z30(fault.details)).toBe(30);
    expect(faultOf(() => find([], 'web')).message).toContain('has no containers');
  });

  it('does not stumble over hostile names', () => {
    for (const name of ['../..', '-f', '', '__proto__', 'constructor', 'a b', '\u0000']) {
      expect(faultOf(() => find([container('web')], name)).code).toBe('container_not_found');
    }
  });
});

function z30(details: unknown): number {
  return typeof details === 'object' && details !== null && 'app_codes' in details && Array.isArray(details.app_codes)
    ? details.app_codes.length
    : -1;
}

describe('deploymentContainers', () => {
  it('gives those of the project by name, or all when no project is known', () => {
    const all = [
      container('z', { labels: composeLabels(PROJECT, 'z') }),
      container('a', { labels: composeLabels(PROJECT, 'a') }),
      container('x'),
    ];
    expect(deploymentContainers(all, HERE).map((one) => one.name)).toEqual(['a', 'z']);
    expect(deploymentContainers([container('x'), container('b')], HERE).map((one) => one.name)).toEqual(['b', 'x']);
    expect(deploymentContainers(all, { ...HERE, composeProject: 'none' })).toEqual([]);
  });
});

describe('appCodeOf', () => {
  it('is the label, else the name', () => {
    expect(
      appCodeOf(container('n', { labels: { 'my.stacker.service': 'web', 'com.docker.compose.service': 'w' } })),
    ).toBe('web');
    expect(appCodeOf(container('n', { labels: { 'my.stacker.service': '', 'com.docker.compose.service': 'w' } }))).toBe(
      'w',
    );
    expect(appCodeOf(container('n'))).toBe('n');
  });
});
