// Registration and report bodies as they go over the wire, against the schemas both programs use.
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import * as registration from '../../src/protocol/registration.ts';
import { report } from '../../src/protocol/report.ts';
import { assertValidReport } from './strict-report.ts';
import { GOLDEN_REGISTRATIONS, GOLDEN_REQUESTS } from './vectors.ts';

const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  agentRegisterAnswer: registration.agentRegisterAnswer,
  agentRegisterRequest: registration.agentRegisterRequest,
  marketplaceRegisterAnswer: registration.marketplaceRegisterAnswer,
  marketplaceRegisterRequest: registration.marketplaceRegisterRequest,
  report,
};

const BODIES = [...GOLDEN_REGISTRATIONS, ...GOLDEN_REQUESTS];

describe('bodies', () => {
  it.each(BODIES.filter((one) => one.valid))('understood: $name', ({ schema, body }) => {
    expect(SCHEMAS[schema]?.safeParse(JSON.parse(body)).error).toBeUndefined();
    expect(SCHEMAS).toHaveProperty(schema);
  });

  it.each(BODIES.filter((one) => !one.valid))('refused: $name', ({ schema, body }) => {
    expect(SCHEMAS[schema]?.safeParse(JSON.parse(body)).success).toBe(false);
  });

  it.each(BODIES.filter((one) => one.valid && one.schema === 'report'))(
    'taken by the production server: $name',
    ({ body }) => {
      assertValidReport(body);
    },
  );
});
