// Paths are those of the production server, and what is filled into them cannot leave its segment.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pathOf, ROUTE } from '../../src/protocol/routes.ts';

describe('routes', () => {
  it('are the ones the production server has', () => {
    expect(ROUTE).toMatchObject({
      marketplaceRegister: '/api/v1/marketplace/agents/register',
      agentRegister: '/api/v1/agent/register',
      wait: '/api/v1/agent/commands/wait/:deployment_hash',
      report: '/api/v1/agent/commands/report',
      enqueue: '/api/v1/agent/commands/enqueue',
      capabilities: '/api/v1/deployments/:deployment_hash/capabilities',
    });
  });

  it('are filled', () => {
    expect(pathOf(ROUTE.wait, { deployment_hash: 'dep-abc_123' })).toBe('/api/v1/agent/commands/wait/dep-abc_123');
    expect(pathOf(ROUTE.command, { deployment_hash: 'd', command_id: 'c' })).toBe('/api/v1/commands/d/c');
  });

  it('need every parameter', () => {
    expect(() => pathOf(ROUTE.wait, {})).toThrow(/deployment_hash/u);
  });

  it('keep any value within its segment', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (hash) => {
        const path = pathOf(ROUTE.wait, { deployment_hash: hash });
        expect(path.split(/[/?#]/u)).toHaveLength(7);
        expect(decodeURIComponent(path.slice('/api/v1/agent/commands/wait/'.length))).toBe(hash);
      }),
    );
  });
});
