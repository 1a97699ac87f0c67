// Test projects: `unit` needs nothing, `contract` a database, `docker` and `e2e` a private Docker Engine; `install` boots machines, and runs by `npm run test:install`.
import process from 'node:process';
import { defineConfig } from 'vitest/config';

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  throw new Error(
    `The tests run on Node 24, this is ${process.version}. Use "npm test": it puts the project's own Node first.`,
  );
}

const engine = './test/support/provide-engine.ts';
const postgres = './test/support/provide-postgres.ts';

export default defineConfig({
  test: {
    reporters: [['default', { summary: false }]],
    projects: [
      {
        test: {
          name: 'unit',
          sequence: { groupOrder: 0 },
          include: ['test/{bin,platform,protocol,commands,agent,cli,house}/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'contract',
          sequence: { groupOrder: 1 },
          include: ['test/contract/**/*.test.ts'],
          globalSetup: [postgres],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'installer',
          sequence: { groupOrder: 8 },
          include: ['test/installer/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Most of their time these tests wait for an agent to be accepted or to stop.
          maxWorkers: 4,
        },
      },
      {
        test: {
          name: 'docker',
          sequence: { groupOrder: 2 },
          include: ['test/docker/**/*.test.ts'],
          globalSetup: [engine],
          testTimeout: 60_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'install',
          sequence: { groupOrder: 5 },
          include: ['test/install/**/*.test.ts'],
          globalSetup: ['./test/support/provide-release.ts'],
          testTimeout: 120_000,
          hookTimeout: 600_000,
          // Each file boots a machine of its own.
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'release',
          sequence: { groupOrder: 6 },
          include: ['test/release/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'update',
          sequence: { groupOrder: 7 },
          include: ['test/update/**/*.test.ts'],
          globalSetup: [engine],
          testTimeout: 240_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'faults',
          sequence: { groupOrder: 4 },
          include: ['test/faults/**/*.test.ts'],
          globalSetup: [engine],
          testTimeout: 240_000,
          hookTimeout: 180_000,
          // Most of their time these tests wait for deadlines.
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: 'e2e',
          sequence: { groupOrder: 3 },
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: [engine],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          // Most of their time these tests wait for containers to stop.
          maxWorkers: 3,
        },
      },
    ],
  },
});
